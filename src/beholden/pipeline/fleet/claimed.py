"""What the beginnings of identifiers claim, by number; told once for all partitions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beholden.identify.condense import assigned
from beholden.identify.modules import ASSIGNED, Assigned
from beholden.knowledge.base import Knowledge
from beholden.pipeline.fleet import kernels
from beholden.pipeline.fleet.columns import short
from beholden.pipeline.fleet.formed import Formed
from beholden.pipeline.fleet.kernels.layout import Numbers, Words
from beholden.pipeline.fleet.states import BITS, number
from beholden.pipeline.fleet.worded import NONE, UNMARKED

_SERIALS = 10**7
"""So many IMEIs have one type allocation code (3GPP TS 23.003): six digits and one that checks."""
_PARTED = 1 << 40
"""Added to the first 36 bits of a link address of an OUI that is assigned in parts, to tell them from an OUI."""
_KINDS: Mapping[str, Assigned] = {
    short(kind.property): kind for kind in ASSIGNED if short(kind.property) in BITS
}


@dataclass
class Claims:
    """Numbers of what is claimed, by beginning."""

    knowledge: Knowledge
    settings: Mapping[str, Any]
    parted: set[str]
    _told: dict[str, tuple[Numbers, Numbers]] = field(
        default_factory=lambda: dict.fromkeys(_KINDS, (NONE, NONE))
    )
    """Beginnings in order, and the number of what each claims."""

    def __post_init__(self) -> None:
        """Set a mark for each OUI that is assigned in parts."""
        self._is_parted: npt.NDArray[np.bool_] = np.zeros(1 << 24, bool)
        self._is_parted[[int(oui.replace(":", ""), 16) for oui in self.parted]] = True
        self._beginnings: Mapping[str, Callable[[Numbers], Numbers]] = {"mac": self._of_mac, "imei": _of_imei}

    def _of_mac(self, macs: Numbers) -> Numbers:
        """Give what may be assigned of link addresses; few are parted beyond their OUI."""
        ouis = macs >> 24
        is_parted = self._is_parted[ouis]
        if is_parted.any():
            ouis[is_parted] = macs[is_parted] >> 12 | _PARTED
        return ouis

    def add(self, columns: Mapping[str, Formed], states: Words, likes: Numbers) -> None:
        """Add what is claimed of rows to the numbers of their likes."""
        for name, kind in _KINDS.items():
            if name in columns:
                beginnings = pa.array(self._beginnings[name](columns[name].numbers)).dictionary_encode()
                numbers = self._numbers(kind, name, beginnings.dictionary.to_numpy())
                kernels.add(beginnings.indices.to_numpy(), numbers, UNMARKED, BITS[name], states, likes)

    def _numbers(self, kind: Assigned, name: str, beginnings: Numbers) -> Numbers:
        """Give numbers of what beginnings claim, first 0 for none."""
        known, numbers = self._told[name]
        new = beginnings[~np.isin(beginnings, known)]
        if len(new):
            texts = pa.array([_text(name, one) for one in new.tolist()], pa.string())
            said = assigned(texts, kind, self.knowledge, self.settings[kind.weights]).to_pylist()
            claims = [0 if one is None else number(f"assigned {kind.kind}", one) for one in said]
            known, numbers = np.append(known, new), np.append(numbers, np.array(claims, np.int64))
            order = np.argsort(known)
            known, numbers = known[order], numbers[order]
            self._told[name] = known, numbers  # at once: another partition may be reading it
        return np.append([0], numbers[np.searchsorted(known, beginnings)])


def _of_imei(imeis: Numbers) -> Numbers:
    return imeis // _SERIALS


def _text(name: str, beginning: int) -> str:
    """Write a beginning as identifiers begin."""
    if name == "imei":
        return f"{beginning:08}"
    digits = f"{beginning & _PARTED - 1:09x}" if beginning & _PARTED else f"{beginning:06x}"
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))
