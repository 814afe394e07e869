"""A server of e-mail: prints the port it listens on, then each message as a line of JSON. It refuses whoever is called nobody for
ever, and whoever is called later once."""

import asyncio
import json
import sys

from aiosmtpd.smtp import SMTP

later = set()


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 there is nobody of that name"
        if address.startswith("later@") and address not in later:
            later.add(address)
            return "451 try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        text = envelope.content.decode("utf-8")
        print(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos, "text": text}), flush=True)
        return "250 OK"


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(), hostname="localhost", loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main())
