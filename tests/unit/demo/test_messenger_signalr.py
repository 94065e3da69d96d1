"""The hub protocol of the messenger's stand-in, against records as the official client sends them."""

import importlib.util
from pathlib import Path

import pytest

# Its directory has .NET's name, which cannot be imported.
SOURCE = Path(__file__).resolve().parents[3] / "demo/apps/maymessenger/src/MayMessenger.API/signalr.py"
SPEC = importlib.util.spec_from_file_location("messenger_signalr", SOURCE)
signalr = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(signalr)

HANDSHAKE = '{"protocol":"json","version":1}\x1e'
PING = '{"type":6}\x1e'


@pytest.mark.parametrize("cut", range(len(HANDSHAKE + PING) + 1))
def test_records_survive_any_cut(cut):
    decoder = signalr.Decoder()
    stream = HANDSHAKE + PING
    assert decoder.feed(stream[:cut]) + decoder.feed(stream[cut:]) == [{"protocol": "json", "version": 1}, {"type": 6}]


@pytest.mark.parametrize("text", ["junk\x1e", "[1]\x1e", "\x1e"])
def test_what_is_not_a_record_is_refused(text):
    with pytest.raises(signalr.ProtocolError):
        signalr.Decoder().feed(text)


def test_handshake():
    assert signalr.handshake_answer({"protocol": "json", "version": 1}) == (True, "{}\x1e")
    accepted, answer = signalr.handshake_answer({"protocol": "messagepack", "version": 1})
    assert not accepted
    assert '"error"' in answer


def test_messages_as_the_client_expects_them():
    assert signalr.invocation("Event", "ж") == '{"type":1,"target":"Event","arguments":["ж"]}\x1e'
    assert signalr.completion("7", None) == '{"type":3,"invocationId":"7","result":null}\x1e'
    assert signalr.failure("7", "no") == '{"type":3,"invocationId":"7","error":"no"}\x1e'
    assert signalr.ping() == PING
    assert signalr.close() == '{"type":7}\x1e'
    assert signalr.close(reconnect=True) == '{"type":7,"allowReconnect":true}\x1e'
