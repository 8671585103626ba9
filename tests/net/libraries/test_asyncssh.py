"""asyncssh, client and server, as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncssh

from .lan import on_lan

if TYPE_CHECKING:
    from pathlib import Path

    from usernet.net.host import Host


async def run(process: asyncssh.SSHServerProcess[str]) -> None:
    process.stdout.write(f"ran {process.command}: ")
    process.stdout.write(await process.stdin.read())
    process.exit(3)


def test_a_command_and_a_tunnel() -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    user = asyncssh.generate_private_key("ssh-ed25519")

    async def body(client: Host, server: Host) -> None:
        with server:
            listener = await asyncssh.listen(
                port=22,
                server_host_keys=[key],
                authorized_client_keys=asyncssh.import_authorized_keys(
                    user.export_public_key().decode()
                ),
                process_factory=run,
            )
        with client:
            known = asyncssh.import_known_hosts(f"server {key.export_public_key().decode()}")
            async with asyncssh.connect(
                "server", username="user", client_keys=[user], known_hosts=known, config=None
            ) as connection:
                done = await connection.run("wc", input="x" * 200_000)
                assert done.exit_status == 3
                assert done.stdout == "ran wc: " + "x" * 200_000
        listener.close()
        await listener.wait_closed()

    on_lan(body)


def test_files(tmp_path: Path) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    user = asyncssh.generate_private_key("ssh-ed25519")
    (tmp_path / "there").mkdir()
    (tmp_path / "here").write_bytes(b"content" * 10_000)

    async def body(client: Host, server: Host) -> None:
        keys = asyncssh.import_authorized_keys(user.export_public_key().decode())
        root = str(tmp_path / "there").encode()
        with server:
            listener = await asyncssh.listen(
                port=22,
                server_host_keys=[key],
                authorized_client_keys=keys,
                sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=root),
            )
        with client:
            async with (
                asyncssh.connect(
                    "server", username="user", client_keys=[user], known_hosts=None, config=None
                ) as connection,
                connection.start_sftp_client() as sftp,
            ):
                await sftp.put(str(tmp_path / "here"), "/copy")
        assert (tmp_path / "there/copy").read_bytes() == b"content" * 10_000
        listener.close()
        await listener.wait_closed()

    on_lan(body)
