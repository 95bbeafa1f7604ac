"""A client that has nothing of this project but the server's own description of itself (gRPC reflection).

    python client.py ADDRESS FILE

Pushes an invented case in every way there is, is refused where it should be, reads all back, asks about it, and writes
to FILE what it was given, in the form of check.go, for another program to judge. Needs grpcio and grpcio-reflection.
"""

import base64
import json
import sys
import uuid

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

PACKAGE = "caseledger.v1."
DEADLINE = 30


class Ledger:
    """The services, called by name with messages made from what reflection says of them."""

    def __init__(self, address):
        channel = grpc.insecure_channel(address)
        self.channel = channel
        self.database = ProtoReflectionDescriptorDatabase(channel)
        self.pool = descriptor_pool.DescriptorPool(self.database)

    def message(self, name, **fields):
        descriptor = self.pool.FindMessageTypeByName(PACKAGE + name)
        return message_factory.GetMessageClass(descriptor)(**fields)

    def call(self, service, name, request, agency="csc"):
        method = self.pool.FindServiceByName(PACKAGE + service).FindMethodByName(name)
        kinds = {
            (False, False): self.channel.unary_unary,
            (False, True): self.channel.unary_stream,
            (True, True): self.channel.stream_stream,
        }
        call = kinds[method.client_streaming, method.server_streaming](
            f"/{PACKAGE}{service}/{name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
        )
        answer = call(request, metadata=[("caseledger-agency", agency)], timeout=DEADLINE)
        return list(answer) if method.server_streaming else answer

    def refusal(self, request):
        """The code with which an append is refused."""
        try:
            self.call("LedgerService", "Append", request)
        except grpc.RpcError as error:
            return error.code().name
        raise SystemExit("an append that is to be refused was taken")


CASE = "STRANGER-1"


def append(ledger, body, **envelope):
    request = ledger.message("AppendRequest", event_id=str(uuid.uuid4()), blind=True)
    event = {
        "caseId": CASE,
        "source": {"kind": "SOURCE_KIND_OWN_STAFF", "text": "WORKER1"},
        "occurred": {"edtf": "2016-05"},
        "assertion": "ASSERTION_KIND_FACT",
        **envelope,
        **body,
    }
    json_format.ParseDict(event, request.event)
    return request


def concern(ledger, number, **envelope):
    words = f"invented concern {number}, pushed by a client that is not ours"
    return append(ledger, {"concernRaised": {"words": words}}, children=[{"person": "C1"}], **envelope)


def push(ledger):
    """Every way to write; gives the receipts in order."""
    opened = append(ledger, {"caseOpened": {}})
    receipts = [ledger.call("LedgerService", "Append", opened)]
    again = ledger.call("LedgerService", "Append", opened)
    assert again.duplicate and again.position == receipts[0].position, again
    receipts += [ledger.call("LedgerService", "Append", concern(ledger, n)) for n in range(10)]
    outcomes = ledger.call("LedgerService", "AppendStream", iter([concern(ledger, n) for n in range(10, 40)]))
    assert [outcome.index for outcome in outcomes] == list(range(30)), outcomes
    receipts += [outcome.receipt for outcome in outcomes]
    batch = ledger.message("AppendBatchRequest")
    batch.events.extend(concern(ledger, n) for n in range(40, 60))
    receipts += ledger.call("LedgerService", "AppendBatch", batch).receipts
    assert len({receipt.position for receipt in receipts}) == len(receipts) == 61
    return receipts


def refusals(ledger):
    no_source = concern(ledger, 0)
    no_source.event.ClearField("source")
    us_date = concern(ledger, 0, occurred={"edtf": "05/21/2013"})
    no_case = concern(ledger, 0, caseId="NO-SUCH-CASE")
    codes = [ledger.refusal(request) for request in (no_source, us_date, no_case)]
    assert codes == ["INVALID_ARGUMENT", "INVALID_ARGUMENT", "NOT_FOUND"], codes
    return len(codes)


def pieces(path):
    return [path[at:at + 32].hex() for at in range(0, len(path), 32)]


def checkpoint(ledger):
    return ledger.call("IntegrityService", "GetCheckpoint", ledger.message("GetCheckpointRequest"))


def questions(ledger, receipts, first):
    """What it was given, for the verifier."""
    last = checkpoint(ledger)
    for given in (first, last):
        yield {"kind": "note", "vkey": given.verifier_key, "note": given.checkpoint, "size": given.size,
               "root": given.root.hex()}
    entries = ledger.call("LedgerService", "ReadCase", ledger.message("ReadCaseRequest", case_id=CASE))
    assert [entry.position for entry in entries] == [receipt.position for receipt in receipts]
    assert [entry.link for entry in entries] == [receipt.link for receipt in receipts]
    origin = last.checkpoint.split("\n")[0]
    yield {"kind": "chain", "origin": origin, "headers": [entry.header.hex() for entry in entries]}
    for entry in entries:
        yield {"kind": "fields", "headers": [entry.header.hex()], "event": entry.event.SerializeToString().hex(),
               "secret": entry.secret.hex()}
    for entry, receipt in zip(entries, receipts):
        size, root = receipt.checkpoint.split("\n")[1:3]
        root = base64.b64decode(root).hex()
        yield {"kind": "note", "vkey": last.verifier_key, "note": receipt.checkpoint, "size": int(size), "root": root}
        yield {"kind": "inclusion", "header": entry.header.hex(), "index": receipt.position, "size": int(size),
               "root": root, "path": pieces(receipt.inclusion_path)}
        request = ledger.message("GetConsistencyProofRequest", from_size=int(size), to_size=last.size)
        proof = ledger.call("IntegrityService", "GetConsistencyProof", request)
        yield {"kind": "consistency", "from": int(size), "old": root, "size": last.size, "root": last.root.hex(),
               "path": pieces(proof.path)}
        request = ledger.message("GetInclusionProofRequest", position=entry.position, size=last.size)
        proof = ledger.call("IntegrityService", "GetInclusionProof", request)
        yield {"kind": "inclusion", "header": entry.header.hex(), "index": entry.position, "size": last.size,
               "root": last.root.hex(), "path": pieces(proof.path)}


def replay(ledger, receipts):
    """The case as the ledger had it after each receipt: a concern more each time."""
    known = []
    for receipt in receipts:
        question = ledger.message("KnowledgeQuestion", case_id=CASE)
        json_format.ParseDict({"basis": "BASIS_LEDGER", "position": receipt.position + 1}, question.as_at)
        known.append(len(ledger.call("InquiryService", "Knowledge", question).items))
    assert known == list(range(len(receipts))), known
    return known[-1]


def main(address, path):
    ledger = Ledger(address)
    services = [name for name in ledger.database.get_services() if name.startswith(PACKAGE)]
    assert len(services) >= 3, services
    first = checkpoint(ledger)
    receipts = push(ledger)
    refused = refusals(ledger)
    written = 0
    with open(path, "w", encoding="utf-8") as out:
        for question in questions(ledger, receipts, first):
            out.write(json.dumps({"good": True, **question}) + "\n")
            written += 1
    print(json.dumps({"services": len(services), "pushed": len(receipts), "refused": refused, "written": written,
                      "replayed": replay(ledger, receipts)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
