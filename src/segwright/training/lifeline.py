"""Connections that break when a process ends, so that the others do not wait for it.

A process that is killed says nothing, but the system closes its connections at once. Every other
process holds one to rank 0; where one breaks without a farewell, this process is interrupted, and
ended if that does not help (a wait inside nccl cannot be interrupted). Rank 0 ends then too, and
with it all.
"""

from __future__ import annotations

import _thread
import os
import secrets
import selectors
import signal
import socket
import threading
from contextlib import suppress
from typing import Any

from torch._C._distributed_c10d import Store

from segwright.errors import SegwrightError, TrainingError
from segwright.training.launch import Launch

_FAREWELL = "done"
_GRACE_S = 10.0  # to end by itself, with what has to be tidied up
_NOTICE_S = 3.0  # between an error of gloo and the broken connection behind it
_LONGEST_HELLO = 128


class Lifeline:
    """This process's connections to others; see `tied`.

    Args:
        launch: Which process this is.
        peers: A connection for each rank at the other end.
    """

    def __init__(self, launch: Launch, peers: dict[int, socket.socket]) -> None:
        self._launch = launch
        self._peers = peers
        self._words = dict.fromkeys(peers, b"")
        self._word = _FAREWELL
        self._loss: TrainingError | None = None
        self._lost_word = ""
        self._noticed, self._closed = threading.Event(), threading.Event()
        self._first = threading.Lock()  # is taken by whoever first deals with the end, and kept
        self._on_sigterm: Any = None
        self._in_main = threading.current_thread() is threading.main_thread()
        self._watch = threading.Thread(target=self._watched, name="lifeline", daemon=True)
        self._watch.start()

    @classmethod
    def tied(cls, launch: Launch, store: Store, timeout_s: float) -> Lifeline:
        """Connects this process with rank 0, or rank 0 with all others.

        Args:
            launch: Which process this is.
            store: Where rank 0 says which port it listens at.
            timeout_s: For all to come.

        Raises:
            OSError: They do not come, or cannot be reached.
        """
        if launch.leads:
            return cls(launch, _followers(launch, store, timeout_s))
        port, token = store.get("lifeline").decode().split()
        peer = socket.create_connection((launch.address, int(port)), timeout_s)
        peer.sendall(f"{token} {launch.rank}\n".encode())
        peer.settimeout(None)
        return cls(launch, {0: peer})

    def explained(self, error: BaseException) -> BaseException:
        """The error to end with: that another process has ended, where this one follows from it."""
        try:
            self._first.acquire(blocking=False)
            if isinstance(error, RuntimeError):  # gloo may notice first
                self._noticed.wait(_NOTICE_S)
        except KeyboardInterrupt:  # the watch was about to interrupt
            pass
        self._word = _word_of(error)
        signalled_alike = not isinstance(error, Exception) and self._word == self._lost_word
        if self._loss is None or isinstance(error, SegwrightError) or signalled_alike:
            return error
        if self._in_main:  # torchrun now wants to end the rest, which is under way already
            self._on_sigterm = signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self._word = str(self._loss)
        return self._loss

    def close(self) -> None:
        """Says how this process ended, and lets go."""
        self._closed.set()
        for peer in self._peers.values():
            with suppress(OSError):
                peer.sendall(self._word.encode())
                peer.shutdown(socket.SHUT_RDWR)
        self._watch.join(_GRACE_S)
        for peer in self._peers.values():
            peer.close()
        if self._on_sigterm is not None:
            signal.signal(signal.SIGTERM, self._on_sigterm)

    def _watched(self) -> None:
        """Waits for a connection to break, and ends this process with it."""
        with selectors.DefaultSelector() as selector:
            for rank, peer in self._peers.items():
                selector.register(peer, selectors.EVENT_READ, rank)
            while selector.get_map() and not self._closed.is_set():
                for key, _ in selector.select():
                    said = _heard(self._peers[key.data])
                    self._words[key.data] += said
                    if said:
                        continue
                    selector.unregister(key.fileobj)
                    if self._words[key.data] != _FAREWELL.encode() and not self._closed.is_set():
                        self._end(key.data)
                        return

    def _end(self, rank: int) -> None:
        """Interrupts the training, because a process has ended."""
        self._lost_word = word = self._words[rank].decode("utf-8", "replace")
        self._loss = TrainingError(
            f"rank {rank} of {self._launch.world_size} processes has ended"
            + (f": {word}" if word else " without a word, as if it was killed"),
            remedy=None if word else "Continue from the last checkpoint with --resume",
        )
        if self._in_main and self._first.acquire(blocking=False):
            _thread.interrupt_main()
        self._noticed.set()
        if not self._closed.wait(_GRACE_S):
            os.write(2, f"error: {self._loss}\n".encode())  # nobody else can say it any more
            os._exit(1)


def _followers(launch: Launch, store: Store, timeout_s: float) -> dict[int, socket.socket]:
    """Waits for the connections of all other processes."""
    found = socket.getaddrinfo(launch.address, 0, type=socket.SOCK_STREAM)
    family, address = found[0][0], found[0][4]
    token = secrets.token_hex()
    peers: dict[int, socket.socket] = {}
    with socket.create_server(address, family=family) as server:  # type: ignore[arg-type]
        server.settimeout(timeout_s)
        store.set("lifeline", f"{server.getsockname()[1]} {token}")
        while len(peers) < launch.world_size - 1:
            peer, _ = server.accept()
            peer.settimeout(timeout_s)
            said = peer.makefile().readline(_LONGEST_HELLO).split()
            if len(said) == 2 and secrets.compare_digest(said[0], token):
                peer.settimeout(None)
                peers[int(said[1])] = peer
            else:
                peer.close()  # something else that tried the port
    return peers


def _word_of(error: BaseException) -> str:
    """What the others are told. Ctrl-C and SIGTERM, which are no `Exception`, reach all at once."""
    if isinstance(error, SegwrightError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return f"{type(error).__name__}: {error}" if isinstance(error, Exception) else "terminated"


def _heard(peer: socket.socket) -> bytes:
    """What was said; nothing once the connection is broken."""
    try:
        return peer.recv(4096)
    except OSError:
        return b""
