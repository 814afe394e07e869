"""A server of files, of asyncssh's. Says its port, the fingerprint of its key and a private key that it lets in, and what may go
wrong: `breaks` closes the connection in the middle of the first two files that are read, `grows` writes to a file while it is read
for the first time. It ends with its input."""

import asyncio
import json
import os
import sys

import asyncssh

ROOT, faults = sys.argv[1], sys.argv[2:]
own, users = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-rsa", key_size=2048)
left = {"breaks": 2 * ("breaks" in faults), "grows": 1 * ("grows" in faults)}


class Door(asyncssh.SSHServer):
    def begin_auth(self, username):
        return True

    def password_auth_supported(self):
        return True

    def validate_password(self, username, password):
        return (username, password) == ("reader", os.environ["PASSWORD"])

    def public_key_auth_supported(self):
        return True

    def validate_public_key(self, username, key):
        return username == "reader" and key == users.convert_to_public()


class Files(asyncssh.SFTPServer):
    def __init__(self, chan):
        super().__init__(chan, chroot=ROOT)
        self.way = chan.get_connection()

    def read(self, file_obj, offset, size):
        if left["breaks"] and offset == 0:
            left["breaks"] -= 1
            self.way.abort()
        if left["grows"] and offset == 0:
            left["grows"] -= 1
            with open(file_obj.name, "ab") as more:
                more.write(b"9,written meanwhile\n")
        return super().read(file_obj, offset, size)


async def main():
    server = await asyncssh.create_server(
        Door, "127.0.0.1", 0, server_host_keys=[own], sftp_factory=Files, allow_scp=False
    )
    said = {
        "port": str(server.get_port()),
        "host_key": own.get_fingerprint("sha256"),
        "key": users.export_private_key("openssh").decode(),
        "locked": users.export_private_key("openssh", passphrase="open sesame").decode(),
    }
    print(json.dumps(said), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
