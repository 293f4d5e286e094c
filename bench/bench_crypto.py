"""CPU time of the SM2 operations that one call to the electricity platform needs.

Method: each operation is run N times in a row in one process; CPU time (`time.process_time`) divided by N, the
median of ROUNDS rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time

from hub.wire import crypto

N, ROUNDS = 20, 5


def measure(operation) -> float:
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(N):
            operation()
        rounds.append((time.process_time() - start) / N * 1e3)
    return round(statistics.median(rounds), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    private = b"\x01" + os.urandom(31)
    public = crypto.sm2_public(private)
    cipher = crypto.sm2_encrypt(public, b"0" * 16, os.urandom)
    signature = crypto.sm2_sign(private, b"text", os.urandom)
    result = {
        "encrypt_ms": measure(lambda: crypto.sm2_encrypt(public, b"0" * 16, os.urandom)),
        "decrypt_ms": measure(lambda: crypto.sm2_decrypt(private, cipher)),
        "sign_ms": measure(lambda: crypto.sm2_sign(private, b"text", os.urandom)),
        "verify_ms": measure(lambda: crypto.sm2_verify(public, b"text", signature)),
    }
    print(json.dumps(result) if as_json else "\n".join(f"{name:14} {value}" for name, value in result.items()))


if __name__ == "__main__":
    main()
