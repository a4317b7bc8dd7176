"""Random operations by several clients while documents, and whole elements, go on to stricter modes beneath them.

A client is the only one that changes its keys, and modes only become stricter: an operation that a mode forbids may not
succeed once its client has seen the document in that mode, and what was refused has changed nothing.
"""

import os
import random
import threading
import time
import unittest

import archive

BUCKET = "moving"
CLIENTS = 4
KEYS = 12
# Most documents of a client, those that have had their turn among them.
DOCUMENTS_MAX = 2000
# Transitions in a run, each of which needs an element of its own.
TRANSITIONS = 12
SECONDS = int(os.environ.get("ARTSTORE_TEST_SECONDS", 7200 if archive.IS_LONG else 40))
SEED = int(os.environ.get("ARTSTORE_TEST_SEED", random.randrange(1 << 32)))
# From the loosest to the strictest.
CLASSES = ["STANDARD", "STANDARD_IA", "GLACIER_IR", "GLACIER"]
EDIT, RW, RO, AR = range(4)
# The strictest mode in which each operation on a document that is there may succeed.
ALLOWED = {"overwrite": EDIT, "delete": EDIT, "delete_many": EDIT, "complete": EDIT, "tag": RW, "describe": RW}
SIZES = [0, 10, 5_000, 90_000]


class Client(threading.Thread):
    """Changes keys that are its own, at random, and keeps a model of them."""

    def __init__(self, server, number, deadline):
        super().__init__(name=f"client {number}")
        self.s3 = server.client()
        self.random = random.Random(SEED + number)
        self.number, self.deadline = number, deadline
        # Body and metadata of each key that is there, and the strictest mode in which it was seen.
        self.model, self.seen = {}, {}
        self.keys = [f"{number}/{place:02}/first" for place in range(KEYS)]
        self.done, self.refused, self.faults = {}, {}, []

    def run(self):
        try:
            while time.monotonic() < self.deadline and not self.faults:
                self.step()
            for key in list(self.model):
                self.check(key)
        except Exception as error:  # Of any kind: a thread has no other way to tell.
            self.faults.append(f"{self.name}: {type(error).__name__}: {error}")
        self.s3.close()

    def step(self):
        place = self.random.randrange(KEYS)
        key = self.keys[place]
        if key not in self.model:
            return self.attempt("create", key)
        if self.seen[key] > RW and not self.random.randrange(4) and len(self.model) < DOCUMENTS_MAX:
            # What is archived stays, and another takes its turn.
            self.keys[place] = f"{self.number}/{place:02}/{len(self.model)}"
            return self.check(key)
        self.look(key)
        name = self.random.choice([*ALLOWED, "read", "read", "move", "restore", "copy"])
        self.attempt(name, key)

    def look(self, key):
        """Sees in which mode a document is."""
        head = self.s3.head_object(Bucket=BUCKET, Key=key)
        mode = CLASSES.index(head.get("StorageClass", "STANDARD"))
        if mode < self.seen[key]:
            self.faults.append(f"{key} went back from {CLASSES[self.seen[key]]} to {CLASSES[mode]}")
        self.seen[key] = max(mode, self.seen[key])
        return head

    def attempt(self, name, key):
        before = self.seen.get(key, EDIT)
        try:
            was_done = getattr(self, name)(key)
        except self.s3.exceptions.ClientError as error:
            self.judge_refusal(name, key, error.response)
        else:
            self.done[name] = self.done.get(name, 0) + 1
            if was_done is not False and name in ALLOWED and before > ALLOWED[name]:
                self.faults.append(f"{name} of {key} succeeded in {CLASSES[before]}")

    def judge_refusal(self, name, key, answer):
        code, status = answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]
        self.refused[f"{name} {code}"] = self.refused.get(f"{name} {code}", 0) + 1
        known = {
            "AccessDenied", "InvalidObjectState", "RestoreAlreadyInProgress", "InvalidStorageClass",
            # Its element changed its mode meanwhile: the next try finds another.
            "ServiceUnavailable", "OperationAborted",
        }
        if code not in known:
            self.faults.append(f"{name} of {key}: {status} {code} {answer['Error'].get('Message')}")
        if key in self.model:
            self.check(key)

    def check(self, key):
        """What the model says of a document is what there is."""
        body, metadata = self.model[key]
        head = self.look(key)
        found = head["ContentLength"], head["Metadata"]
        if found != (len(body), metadata):
            self.faults.append(f"{key} is {found} and should be {(len(body), metadata)}")
        if self.seen[key] < AR:
            self.read(key, may_be_away=True)

    def body(self):
        return self.random.randbytes(self.random.choice(SIZES))

    def put(self, key, storage_class):
        body, metadata = self.body(), {"turn": str(self.random.randrange(1000))}
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body, Metadata=metadata, StorageClass=storage_class)
        self.model[key] = body, metadata
        self.seen[key] = EDIT

    def create(self, key):
        self.put(key, self.random.choice([*CLASSES, "STANDARD", "STANDARD", "STANDARD"]))

    def overwrite(self, key):
        self.put(key, "STANDARD")

    def forget(self, key):
        del self.model[key], self.seen[key]

    def delete(self, key):
        self.s3.delete_object(Bucket=BUCKET, Key=key)
        self.forget(key)

    def delete_many(self, key):
        """Deletes in a batch; `False` where it was refused in an answer of success."""
        answer = self.s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key}]})
        if answer.get("Errors"):
            self.check(key)
            return False
        self.forget(key)

    def complete(self, key):
        named = {"Bucket": BUCKET, "Key": key}
        upload = self.s3.create_multipart_upload(**named)["UploadId"]
        body = self.body() or b"part"
        try:
            etag = self.s3.upload_part(**named, UploadId=upload, PartNumber=1, Body=body)["ETag"]
            parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
            self.s3.complete_multipart_upload(**named, UploadId=upload, MultipartUpload=parts)
        except self.s3.exceptions.ClientError:
            self.s3.abort_multipart_upload(**named, UploadId=upload)
            raise
        self.model[key], self.seen[key] = (body, {}), EDIT

    def tag(self, key):
        self.s3.put_object_tagging(Bucket=BUCKET, Key=key, Tagging={"TagSet": [{"Key": "a", "Value": str(time.monotonic())}]})

    def describe(self, key):
        metadata = {"turn": f"d{self.random.randrange(1000)}"}
        self.s3.copy_object(
            Bucket=BUCKET, Key=key, CopySource={"Bucket": BUCKET, "Key": key}, Metadata=metadata, MetadataDirective="REPLACE",
        )
        self.model[key] = self.model[key][0], metadata

    def move(self, key):
        """A copy onto itself with a stricter class."""
        stricter = CLASSES[self.seen[key] + 1:]
        if stricter:
            source = {"Bucket": BUCKET, "Key": key}
            self.s3.copy_object(Bucket=BUCKET, Key=key, CopySource=source, StorageClass=self.random.choice(stricter))

    def restore(self, key):
        self.s3.restore_object(Bucket=BUCKET, Key=key, RestoreRequest={"Days": 1})
        if self.seen[key] < AR and self.look(key).get("StorageClass") != "GLACIER":
            self.faults.append(f"{key} was restored in {CLASSES[self.seen[key]]}")

    def copy(self, key):
        copied = f"{self.number}/copy"
        self.s3.copy_object(Bucket=BUCKET, Key=f"{copied}-{time.monotonic_ns()}", CopySource={"Bucket": BUCKET, "Key": key})

    def read(self, key, may_be_away=False):
        try:
            body = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        except self.s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] == "InvalidObjectState" and self.look(key)["StorageClass"] == "GLACIER":
                if may_be_away:
                    return
            raise
        if body != self.model[key][0]:
            self.faults.append(f"{key} has {len(body)} bytes that are not what was stored")


class ModesModel(archive.ArchiveTest):
    def test_no_operation_succeeds_that_its_mode_forbids(self):
        print(f"seed {SEED}, {SECONDS} s", flush=True)
        self.s3.create_bucket(Bucket=BUCKET)
        self.place.command("element", "create", "shelf", "--mode", "ar")
        self.place.command("element", "target", "shelf", "--directory", self.place.folder / "tape")
        self.place.command("element", "create", "ro-00", "--mode", "ro")
        deadline = time.monotonic() + SECONDS
        clients = [Client(self.server, number, deadline) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        moved = self.move_things(random.Random(SEED - 1), deadline, clients)
        for client in clients:
            client.join(120)
        faults = [fault for client in clients for fault in client.faults]
        self.assertEqual([], faults, f"seed {SEED}")
        done = {name: sum(client.done.get(name, 0) for client in clients) for name in clients[0].done}
        refused = sum(sum(client.refused.values()) for client in clients)
        print(f"done {done}, refused {refused}, {moved}", flush=True)
        for name in ("create", "overwrite", "delete", "read", "tag"):
            self.assertGreater(done.get(name, 0), 0, name)
        self.assertGreater(refused, 0)
        self.restart("kill")
        for client in clients:
            for key, (body, metadata) in client.model.items():
                head = self.s3.head_object(Bucket=BUCKET, Key=key)
                self.assertEqual((len(body), metadata), (head["ContentLength"], head["Metadata"]), key)
        self.server.stop()
        self.place.command("fsck")

    def move_things(self, chance, deadline, clients):
        """Transfers documents and changes modes until `deadline`; answers how often."""
        transfers = transitions = 0
        elements, number = ["rw-01"], 1
        begun = time.monotonic()
        while time.monotonic() < deadline and not any(client.faults for client in clients):
            prefix = f"{chance.randrange(CLIENTS)}/{chance.randrange(KEYS):02}"
            self.place.command("transfer", BUCKET, prefix, "--to", chance.choice(["rw", "rw", "ro", "ar"]))
            transfers += 1
            if time.monotonic() - begun > number * SECONDS / TRANSITIONS:
                number += 1
                self.place.command("element", "create", f"rw-{number:02}", "--mode", "rw")
                elements.append(f"rw-{number:02}")
                going = elements.pop(0)
                self.place.command("element", "mode", going, "ro")
                transitions += 1
                if chance.randrange(2):
                    self.place.command("element", "target", going, "--directory", self.place.folder / "tapes" / going)
                    self.place.command("element", "mode", going, "ar")
                    transitions += 1
        return f"{transfers} transfers, {transitions} transitions"


if __name__ == "__main__":
    unittest.main()
