"""The checksums of S3 as base64, computed by nothing that the server or its clients use."""

import base64
import hashlib
import zlib

# Reflected polynomials: CRC-32C of RFC 3720, CRC-64/NVME of the NVM Express specification.
CRC32C, CRC64NVME = (32, 0x82F63B78), (64, 0x9A6C9329AC4BC9B5)


def all_of(body):
    """The checksum of a body by the algorithm's name."""
    digests = {
        "CRC32": zlib.crc32(body).to_bytes(4, "big"), "CRC32C": crc(body, *CRC32C), "CRC64NVME": crc(body, *CRC64NVME),
        "SHA1": hashlib.sha1(body).digest(), "SHA256": hashlib.sha256(body).digest(),
    }
    return {name: base64.b64encode(digest).decode() for name, digest in digests.items()}


def crc(body, bits, polynomial):
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (polynomial if byte & 1 else 0)
        table.append(byte)
    ones = (1 << bits) - 1
    register = ones
    for byte in body:
        register = register >> 8 ^ table[(register ^ byte) & 0xFF]
    return (register ^ ones).to_bytes(bits // 8, "big")
