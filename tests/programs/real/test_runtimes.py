"""Programs that bring their own network code: Node, Java, binaries that are linked statically."""

from __future__ import annotations

import hashlib
import subprocess
from typing import TYPE_CHECKING

import pytest

from .inside import inside, needs, serving
from .test_curl import Count

if TYPE_CHECKING:
    from pathlib import Path

NODE = """
const got = await fetch(process.argv[1]);
const digest = await crypto.subtle.digest("SHA-256", await got.arrayBuffer());
console.log(Buffer.from(digest).toString("hex"));
"""

JAVA = """
import java.net.URI;
import java.net.http.*;
import java.security.MessageDigest;
import java.util.HexFormat;

class Fetch {
    public static void main(String[] words) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(words[0])).build();
        var client = HttpClient.newHttpClient();
        var body = client.send(request, HttpResponse.BodyHandlers.ofByteArray()).body();
        var digest = MessageDigest.getInstance("SHA-256").digest(body);
        System.out.println(HexFormat.of().formatHex(digest));
    }
}
"""

GO = """
package main

import (
    "crypto/sha256"
    "fmt"
    "io"
    "net/http"
    "os"
)

func main() {
    got, err := http.Get(os.Args[1])
    if err != nil {
        panic(err)
    }
    digest := sha256.New()
    io.Copy(digest, got.Body)
    fmt.Printf("%x\\n", digest.Sum(nil))
}
"""

C = """
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
    char buffer[65536];
    int fd = socket(AF_INET, SOCK_STREAM, 0), length;
    inet_pton(AF_INET, argv[1], &to.sin_addr);
    if (argc != 3 || connect(fd, (struct sockaddr *)&to, sizeof to))
        return 1;
    dprintf(fd, "PUT / HTTP/1.0\\r\\nContent-Length: 5\\r\\n\\r\\nhello");
    while ((length = read(fd, buffer, sizeof buffer)) > 0)
        write(1, buffer, length);
    return 0;
}
"""


@pytest.fixture
def digest(page: bytes) -> bytes:
    return hashlib.sha256(page).hexdigest().encode() + b"\n"


@needs("node", "nodejs")
def test_node(web: str, digest: bytes) -> None:
    node = ("node", "--input-type=module", "--eval", NODE)
    assert inside(*node, f"{web}/page") == digest


@needs("javac", "default-jdk-headless")
def test_java(web: str, digest: bytes, tmp_path: Path) -> None:
    (tmp_path / "Fetch.java").write_text(JAVA)
    assert inside("java", str(tmp_path / "Fetch.java"), f"{web}/page") == digest


@needs("go", "golang-go")
def test_a_binary_of_go_that_is_linked_statically(web: str, digest: bytes, tmp_path: Path) -> None:
    (tmp_path / "fetch.go").write_text(GO)
    build = ["env", "CGO_ENABLED=0", "GO111MODULE=off", "GOTOOLCHAIN=local", "go", "build", "-o"]
    subprocess.run([*build, "fetch", "fetch.go"], cwd=tmp_path, check=True)
    assert inside(str(tmp_path / "fetch"), f"{web}/page") == digest


@needs("cc", "gcc libc6-dev")
def test_a_binary_of_c_that_is_linked_statically(tmp_path: Path) -> None:
    (tmp_path / "put.c").write_text(C)
    subprocess.run(["cc", "-static", "-o", "put", "put.c"], cwd=tmp_path, check=True)
    with serving(Count) as port:
        said = inside(str(tmp_path / "put"), "192.0.0.3", str(port))
    assert said.endswith(b"\r\n\r\n5")
