"""Runs ceph/s3-tests against a fresh server and holds the result against passed.txt: see `run` beside this file."""

import argparse
import configparser
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "clients"))

import archive  # noqa: E402

SUITE_REVISION = "8f0ae7b"
PASSED = HERE / "passed.txt"
MODULES = ["s3tests/functional/test_s3.py", "s3tests/functional/test_headers.py"]
ACCOUNTS = ["main", "alt", "tenant"]
WORKERS = 4
TEST_SECONDS_MAX = 150

# The area of a test is the first whose pattern is found in its name.
AREAS = [
    ("header / auth validation", r"^test_headers\.py"),
    ("bucket logging", r"bucket_logging"),
    ("cloud tier / restore", r"cloud_|restore_|read_through"),
    ("SSE", r"encrypt|sse_|_enc(_|$|\[)|noenc|put_obj_kms|copy_part_enc|key_no_sse"),
    ("post-object", r"test_post_object"),
    ("object lock", r"object_lock"),
    ("lifecycle", r"lifecycle|delete_marker_expiration"),
    ("CORS", r"test_set_cors|test_cors_(origin|header)"),
    ("presigned", r"presigned|x_amz_expires|raw_put_authenticated_expired|raw_response_headers|_object_raw_authenticated"),
    ("raw / anonymous", r"object_raw_get|object_anon|objects?(v2)?_anonymous|list_buckets_(anonymous|invalid|bad)"),
    ("tagging", r"(?<!e)tags?(_|$)|tagging"),
    ("policy, public access", r"policy|public_block|block_public|public_acls|ignore_public"),
    ("ACL, grants, ownership", r"_acl|access_bucket|ownership|bucket_owner|grant"),
    ("checksums", r"checksum|cksum"),
    ("conditional", r"if_?(none_?|non)?match|ifmodified|ifunmodified|if_match"),
    ("atomic / concurrent", r"atomic|concurrent"),
    ("versioning", r"version"),
    ("copy", r"object_copy|copy_object|part_copy"),
    ("multipart", r"multipart"),
    ("range reads", r"ranged"),
    ("list v2", r"listv2|objectv2|objectsv2|basic_key_count"),
    ("list v1", r"bucket_list_(?!long|special)"),
    ("bucket basics, naming", r"test_(get_)?bucket|test_list_buckets|usage|head_bucket"),
    ("object basics", r""),
]


def main():
    arguments = read_arguments()
    results = Path(arguments.results)
    results.mkdir(parents=True, exist_ok=True)
    junit = results / "junit.xml"
    junit.unlink(missing_ok=True)
    place = archive.Place()
    try:
        with archive.Server(place, log=fresh(results / "server.log")) as server:
            config = place.folder / "s3tests.conf"
            write_config(config, server, [make_account(place, name) for name in ACCOUNTS])
            run_suite(Path(arguments.suite), config, junit, arguments.pytest)
            if server.process.poll() is not None:
                sys.exit(f"the server ended with {server.process.returncode}:\n{server.said()}")
    finally:
        place.remove()
    outcomes = read_outcomes(junit)
    print_table(outcomes)
    write_reasons(results / "failures.txt", outcomes)
    if arguments.accept:
        accept(outcomes)
    elif not holds(outcomes, chosen=bool(arguments.pytest)):
        sys.exit(1)


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suite", required=True)
    parser.add_argument("--results", required=True)
    parser.add_argument("--accept", action="store_true")
    parser.add_argument("pytest", nargs="*")
    arguments = parser.parse_args()
    if arguments.accept and arguments.pytest:
        parser.error("--accept takes the whole suite")
    return arguments


def fresh(path):
    path.unlink(missing_ok=True)
    return path


def make_account(place, name):
    """An account as the suite's config wants it; the server shows its name and id as those of the owner."""
    made = json.loads(place.command("account", "create", name, "--role", "USER", "--json").stdout)
    listed = json.loads(place.command("account", "list", "--json").stdout)
    [identity] = [account["id"] for account in listed if account["name"] == name]
    return {
        "display_name": name, "user_id": identity, "email": f"{name}@example.com", "api_name": archive.REGION,
        "access_key": made["client_id"], "secret_key": made["client_secret"],
    }


def write_config(path, server, accounts):
    config = configparser.RawConfigParser()
    config["DEFAULT"] = {"host": "localhost", "port": server.ports[0], "is_secure": "False", "ssl_verify": "False"}
    config["fixtures"] = {
        "bucket prefix": "t-{random}-", "iam name prefix": "s3-tests-", "iam path prefix": "/s3-tests/",
    }
    main_account, alt, tenant = accounts
    config["s3 main"] = main_account | {"lc_debug_interval": 2}
    config["s3 alt"] = alt
    config["s3 tenant"] = tenant | {"tenant": "testx"}
    # No test that is run asks for these; the suite wants them named.
    config["iam"] = config["iam root"] = main_account
    config["iam alt root"] = alt
    with open(path, "w", encoding="utf-8") as file:
        config.write(file)


def run_suite(suite, config, junit, arguments):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    environment = kept | {
        "S3TEST_CONF": str(config), "S3_USE_SIGV4": "1", "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true",
    }
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", WORKERS, "--dist", "load",
        f"--timeout={TEST_SECONDS_MAX}", "--timeout-method=signal", "--tb=line", "--no-header", "-r", "",
        f"--junitxml={junit}", *MODULES, *arguments,
    ]
    with open(junit.with_name("pytest.log"), "wb") as log:
        code = subprocess.run(list(map(str, command)), cwd=suite, env=environment, stdout=log, stderr=log).returncode
    # 1 says that tests failed; anything else that they were not run as asked.
    if code not in (0, 1) or not junit.exists():
        sys.exit(f"pytest ended with {code}:\n{Path(log.name).read_text(errors='replace')[-4000:]}")


def read_outcomes(junit):
    """The outcome of each test by name, as (passed | failed | skipped, reason)."""
    outcomes = {}
    for case in ElementTree.parse(junit).iter("testcase"):
        path, _, name = case.get("classname").rpartition(".")
        name = f"{path.replace('.', '/')}/{name}.py::{case.get('name')}"
        bad = [child for child in case if child.tag in ("failure", "error")]
        skipped = case.find("skipped")
        if bad:
            # A cleanup that failed comes as a second case of the same name, and counts.
            outcomes[name] = ("failed", f"{bad[0].tag}: {bad[0].get('message', '')}")
        elif name not in outcomes:
            outcomes[name] = ("passed", "") if skipped is None else ("skipped", skipped.get("message", ""))
    return outcomes


def area_of(name):
    short = name.rpartition("/")[2]
    return next(area for area, pattern in AREAS if re.search(pattern, short))


def print_table(outcomes):
    print(f"\n{'area':<26}{'passed':>8}{'failed':>8}{'skipped':>9}")
    for area, _ in sorted(AREAS):
        print_row(area, [verdict for name, (verdict, _) in outcomes.items() if area_of(name) == area])
    print_row("all", [verdict for verdict, _ in outcomes.values()])


def print_row(title, verdicts):
    if verdicts:
        print(f"{title:<26}{verdicts.count('passed'):>8}{verdicts.count('failed'):>8}{verdicts.count('skipped'):>9}")


def write_reasons(path, outcomes):
    with open(path, "w", encoding="utf-8") as file:
        for name, (verdict, reason) in sorted(outcomes.items()):
            if verdict == "failed":
                file.write(f"{area_of(name)}\t{name}\t{' '.join(reason.split())[:400]}\n")


def known():
    if not PASSED.exists():
        return set()
    lines = PASSED.read_text(encoding="utf-8").splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def accept(outcomes):
    passed = sorted(name for name, (verdict, _) in outcomes.items() if verdict == "passed")
    head = f"# What passes of ceph/s3-tests {SUITE_REVISION} and must keep passing; `run --accept` writes it.\n"
    PASSED.write_text(head + "".join(f"{name}\n" for name in passed), encoding="utf-8")
    print(f"\npassed.txt names {len(passed)} tests")


def holds(outcomes, chosen):
    """Whether every test that is known to pass has passed; what was not chosen to run is not asked for."""
    verdicts = {name: outcomes.get(name, ("not run", ""))[0] for name in known()}
    lost = sorted((name, verdict) for name, verdict in verdicts.items()
                  if verdict != "passed" and not (chosen and verdict == "not run"))
    won = sum(1 for name, (verdict, _) in outcomes.items() if verdict == "passed" and name not in verdicts)
    for name, verdict in lost:
        print(f"{verdict}, and passed.txt names it: {name}\n    {outcomes.get(name, ('', ''))[1][:300]}")
    print(f"\n{len(verdicts)} known to pass, {len(lost)} of them lost; {won} more pass: --accept takes them in")
    return not lost


if __name__ == "__main__":
    main()
