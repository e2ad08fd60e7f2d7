"""Record the hellos of TLS libraries on the loopback interface and print the JA4 of each.

`python tests/lab/tls_clients.py` runs what is installed; programs for libraries that come without a client are compiled
from below. So knowledge/fingerprints/tls.ja4.yaml was measured, with Debian 12's packages gnutls-bin libmbedtls-dev
libwolfssl-dev libbearssl-dev libnss3-tools botan golang-go wget curl mosquitto-clients nodejs default-jdk-headless, and
from PyPI awscrt, uv, pyreqwest, python-mbedtls, curl_cffi and tlslite-ng.
"""

import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from beholden.ingest.dissect.protocols import tls

MBED = r"""
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ctr_drbg.h>
int main(int n, char **v) {
  mbedtls_net_context net; mbedtls_ssl_context ssl; mbedtls_ssl_config conf;
  mbedtls_entropy_context seed; mbedtls_ctr_drbg_context drbg;
  mbedtls_net_init(&net); mbedtls_ssl_init(&ssl); mbedtls_ssl_config_init(&conf);
  mbedtls_entropy_init(&seed); mbedtls_ctr_drbg_init(&drbg);
  mbedtls_ctr_drbg_seed(&drbg, mbedtls_entropy_func, &seed, 0, 0);
  if (mbedtls_net_connect(&net, "127.0.0.1", v[1], MBEDTLS_NET_PROTO_TCP)) return 1;
  mbedtls_ssl_config_defaults(&conf, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
  mbedtls_ssl_conf_authmode(&conf, MBEDTLS_SSL_VERIFY_NONE);
  mbedtls_ssl_conf_rng(&conf, mbedtls_ctr_drbg_random, &drbg);
  mbedtls_ssl_setup(&ssl, &conf); mbedtls_ssl_set_hostname(&ssl, "localhost");
  mbedtls_ssl_set_bio(&ssl, &net, mbedtls_net_send, mbedtls_net_recv, 0);
  return mbedtls_ssl_handshake(&ssl) != 0;
}"""
CONNECT = r"""
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int connected(char *port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int s = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(s, (struct sockaddr *)&to, sizeof to)) exit(1);
  return s;
}"""
WOLF = f"""
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>
{CONNECT}
int main(int n, char **v) {{
  wolfSSL_Init();
  WOLFSSL *ssl = wolfSSL_new(wolfSSL_CTX_new(n > 2 ? wolfTLSv1_2_client_method() : wolfTLS_client_method()));
  wolfSSL_UseSNI(ssl, 0, "localhost", 9); wolfSSL_set_fd(ssl, connected(v[1]));
  return wolfSSL_connect(ssl) != 1;
}}"""
BEAR = f"""
#include <bearssl.h>
{CONNECT}
static int get(void *s, unsigned char *to, size_t n) {{ return read(*(int *)s, to, n) ?: -1; }}
static int put(void *s, const unsigned char *from, size_t n) {{ return write(*(int *)s, from, n); }}
int main(int n, char **v) {{
  static br_ssl_client_context c; static br_x509_minimal_context x; static unsigned char buffer[BR_SSL_BUFSIZE_BIDI];
  br_sslio_context io; int s = connected(v[1]);
  br_ssl_client_init_full(&c, &x, 0, 0); br_ssl_engine_set_buffer(&c.eng, buffer, sizeof buffer, 1);
  br_ssl_client_reset(&c, "localhost", 0); br_sslio_init(&io, &c.eng, get, &s, put, &s);
  return br_sslio_flush(&io);
}}"""
GO = """package main
import ("crypto/tls"; "os")
func main() { tls.Dial("tcp", "127.0.0.1:"+os.Args[1], &tls.Config{ServerName: "localhost"}) }"""
JAVA = """public class Hello { public static void main(String[] v) throws Exception {
  new java.net.URL("https://localhost:" + v[0] + "/").openStream(); } }"""
PYREQWEST = """import asyncio
from pyreqwest.client import ClientBuilder
async def ask():
    async with ClientBuilder().build() as client:
        await client.get("https://localhost:PORT/").build().send()
asyncio.run(ask())"""
AWSCRT = """from awscrt import io, mqtt
group = io.EventLoopGroup(1)
start = io.ClientBootstrap(group, io.DefaultHostResolver(group))
client = mqtt.Client(start, io.ClientTlsContext(io.TlsContextOptions()))
mqtt.Connection(client, host_name="localhost", port=PORT, client_id="x").connect().result(3)"""
SOCKET = "import socket; to = socket.create_connection(('127.0.0.1', PORT)); "
URL = "https://localhost:PORT/"

COMPILED = {
    "mbedtls": ("hello.c", MBED, ["gcc", "hello.c", "-lmbedtls", "-lmbedx509", "-lmbedcrypto"]),
    "wolfssl": ("hello.c", WOLF, ["gcc", "hello.c", "-lwolfssl"]),
    "bearssl": ("hello.c", BEAR, ["gcc", "hello.c", "-lbearssl"]),
    "go": ("hello.go", GO, ["go", "build", "-o", "a.out", "hello.go"]),
}
CLIENTS: dict[str, list[str]] = {
    "openssl": ["openssl", "s_client", "-connect", "127.0.0.1:PORT", "-servername", "localhost"],
    "openssl 1.2": [
        "openssl",
        "s_client",
        "-tls1_2",
        "-connect",
        "127.0.0.1:PORT",
        "-servername",
        "localhost",
    ],
    "mosquitto": [
        "mosquitto_pub",
        "-h",
        "localhost",
        "-p",
        "PORT",
        "--tls-use-os-certs",
        "-t",
        "a",
        "-m",
        "b",
    ],
    "curl": ["curl", "-k", URL],
    "curl http1": ["curl", "-k", "--http1.1", URL],
    "wget": ["wget", "-t1", "-O/dev/null", URL],
    "gnutls": ["gnutls-cli", "--insecure", "-p", "PORT", "localhost"],
    "nss": ["tstclnt", "-4", "-h", "127.0.0.1", "-a", "localhost", "-p", "PORT", "-D", "-o"],
    "botan": ["botan", "tls_client", "localhost", "--port=PORT"],
    "wolfssl 1.2": ["wolfssl", "PORT", "1.2"],
    **{name: [name, "PORT"] for name in COMPILED},
    "java": ["java", "Hello.java", "PORT"],
    "node": ["node", "-e", f"require('https').get('{URL}').on('error', () => 0)"],
    "node fetch": ["node", "-e", f"fetch('{URL}').catch(() => 0)"],
    "uv": [
        *f"{sys.executable} -m uv pip install --no-cache --target none --index-url {URL} nothing-there".split()
    ],
    **{
        name: [sys.executable, "-c", code]
        for name, code in {
            "python": f"{SOCKET}import ssl; "
            "ssl.create_default_context().wrap_socket(to, server_hostname='localhost')",
            "python urllib": f"import urllib.request as u; u.urlopen('{URL}')",
            "pyreqwest": PYREQWEST,
            "awscrt": AWSCRT,
            "python-mbedtls": f"{SOCKET}import mbedtls.tls as t; "
            "c = t.ClientContext(t.TLSConfiguration(validate_certificates=False)); "
            "c.wrap_socket(to, server_hostname='localhost').do_handshake()",
            "curl_cffi": f"from curl_cffi import requests; requests.get('{URL}')",
            "tlslite-ng": f"{SOCKET}from tlslite.api import TLSConnection; "
            "TLSConnection(to).handshakeClientCert(serverName='localhost')",
        }.items()
    },
}


def compiled(name: str) -> str:
    """Compile a client and give its path; raises OSError where that fails."""
    file, text, command = COMPILED[name]
    folder = Path(tempfile.mkdtemp(prefix="hello-"))
    (folder / file).write_text(text)
    if subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode:
        raise OSError(name)
    return str(folder / "a.out")


def hello_of(command: list[str]) -> bytes:
    """Run a client against a listener that hangs up, and give the first record it sent."""
    (folder := Path(tempfile.mkdtemp(prefix="hello-"))).joinpath("Hello.java").write_text(JAVA)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        port = str(listener.getsockname()[1])
        filled = [compiled(command[0]) if command[0] in COMPILED else command[0]]
        filled += [part.replace("PORT", port) for part in command[1:]]
        quiet = subprocess.DEVNULL
        client = subprocess.Popen(filled, cwd=folder, stdin=quiet, stdout=quiet, stderr=quiet)
        try:
            with listener.accept()[0] as caller:
                caller.settimeout(5)
                sent = caller.recv(1 << 16)
                while len(sent) < 5 or len(sent) < int.from_bytes(sent[3:5]) + 5:
                    sent += (more := caller.recv(1 << 16))
                    if not more:
                        break
        finally:
            client.kill()
            client.wait()
    return sent


if __name__ == "__main__":
    for client_name, started in CLIENTS.items():
        try:
            told = {one.property: one.value for one in tls.dissect(hello_of(started))}
        except OSError as error:
            told = {"tls.ja4": f"not measured: {error}"}
        sys.stdout.write(f"{client_name:16}{told.get('tls.ja4', 'not measured: sent nothing')}\n")
