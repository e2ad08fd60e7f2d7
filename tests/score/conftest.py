"""Let the tests of this folder import their oracle and their fleets."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
