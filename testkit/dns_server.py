"""A DNS server for a test's zone, by UDP and TCP on one port of 127.0.0.1."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.zone

if TYPE_CHECKING:
    from collections.abc import Iterator

_UDP_BYTES = 512


@dataclass
class DnsServer:
    """The server's zone, its log of queries, and its failures.

    `failures` maps a name to an rcode to answer with, or to None for no answer.
    """

    text: str = ""
    failures: dict[str, dns.rcode.Rcode | None] = field(default_factory=dict)
    fails_always: bool = False
    port: int = 0
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """The transport, name and type of each query."""

    def answer(self, octets: bytes, way: str) -> bytes | None:
        query = dns.message.from_wire(octets)
        (question,) = query.question
        name = question.name.to_text(omit_final_dot=True).lower()
        self.asked.append((way, name, dns.rdatatype.to_text(question.rdtype)))
        reply = dns.message.make_response(query, recursion_available=True)
        if self.fails_always or name in self.failures:
            failure = dns.rcode.SERVFAIL if self.fails_always else self.failures[name]
            if failure is None:
                return None
            reply.set_rcode(failure)
            return reply.to_wire()
        self._look_up(reply, question.name, question.rdtype)
        wire = reply.to_wire()
        if way == "udp" and len(wire) > _UDP_BYTES:
            reply.answer.clear()
            reply.flags |= dns.flags.TC
            wire = reply.to_wire()
        return wire

    def _look_up(self, reply: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> None:
        zone = dns.zone.from_text(f"$TTL 60\n{self.text}\n", origin=".", relativize=False, check_origin=False)
        node = zone.get_node(name)
        if node is None and len(name) > 1:
            node = zone.get_node(dns.name.Name((b"*", *name.labels[1:])))
        if node is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
            return
        for rdtype in (kind, dns.rdatatype.CNAME):
            found = node.get_rdataset(dns.rdataclass.IN, rdtype)
            if found is not None:
                reply.answer.append(dns.rrset.from_rdata_list(name, found.ttl, list(found)))
                if rdtype is dns.rdatatype.CNAME and kind is not rdtype:
                    self._look_up(reply, found[0].target, kind)
                return


class _Udp(socketserver.ThreadingUDPServer):
    daemon_threads = True
    dns: DnsServer


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    dns: DnsServer


class _UdpHandler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        octets, way_back = self.request
        server: Any = self.server
        reply = server.dns.answer(octets, "udp")
        if reply is not None:
            way_back.sendto(reply, self.client_address)


class _TcpHandler(socketserver.StreamRequestHandler):
    timeout = 10

    def handle(self) -> None:
        server: Any = self.server
        while head := self.rfile.read(2):
            reply = server.dns.answer(self.rfile.read(struct.unpack("!H", head)[0]), "tcp")
            if reply is not None:
                self.wfile.write(struct.pack("!H", len(reply)) + reply)


@contextmanager
def serving_dns(text: str = "") -> Iterator[DnsServer]:
    """Serve the text of a zone file for as long as the context lasts. Its names are absolute."""
    known = DnsServer(text)
    with _open_pair() as (udp, tcp):
        udp.dns = tcp.dns = known
        known.port = udp.server_address[1]
        threads = [threading.Thread(target=server.serve_forever, args=(0.01,)) for server in (udp, tcp)]
        for thread in threads:
            thread.start()
        try:
            yield known
        finally:
            for server in (udp, tcp):
                server.shutdown()
            for thread in threads:
                thread.join()


@contextmanager
def _open_pair() -> Iterator[tuple[_Udp, _Tcp]]:
    """Bind UDP and TCP to the same free port."""
    for _ in range(20):
        udp = _Udp(("127.0.0.1", 0), _UdpHandler)
        try:
            tcp = _Tcp(("127.0.0.1", udp.server_address[1]), _TcpHandler)
        except OSError:
            udp.server_close()
            continue
        with udp, tcp:
            yield udp, tcp
        return
    raise OSError("no port is free for both")


def closed_port() -> int:
    """Return a UDP port of 127.0.0.1 without a listener."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
