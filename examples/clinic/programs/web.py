"""A device's web page: the standard library's HTTP server with the device's name and, if asked, a login."""

import argparse
import base64
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer


class Page(SimpleHTTPRequestHandler):
    """Files of one folder; POST is taken and thanked for."""

    realm = ""
    token = ""
    sys_version = ""

    def version_string(self) -> str:
        """Give the Server header without the interpreter's own name."""
        return self.server_version

    def _let_in(self) -> bool:
        if not self.realm or self.headers.get("Authorization") == f"Basic {self.token}":
            return True
        self.send_response(HTTPStatus.UNAUTHORIZED)
        self.send_header("WWW-Authenticate", f'Basic realm="{self.realm}"')
        self.send_header("Content-Length", "0")
        self.end_headers()
        return False

    def do_GET(self) -> None:
        """Serve a file to those let in."""
        if self._let_in():
            super().do_GET()

    def do_POST(self) -> None:
        """Read the body and say that it was taken."""
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(HTTPStatus.NO_CONTENT)
        self.end_headers()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=80)
    parser.add_argument("--root", default=".")
    parser.add_argument("--server", default="httpd")
    parser.add_argument("--realm", default="")
    parser.add_argument("--secret", default="", help="user:password")
    told = parser.parse_args()
    Page.server_version = told.server
    Page.realm = told.realm
    Page.token = base64.b64encode(told.secret.encode()).decode()
    ThreadingHTTPServer(("", told.port), partial(Page, directory=told.root)).serve_forever()


if __name__ == "__main__":
    main()
