"""
Messages of the contract, in a pool of descriptors of their own: other packages may have other versions of google/rpc/status.proto, and
code that protoc generates works with one major version of the protobuf runtime alone.
"""

from __future__ import annotations

from base64 import b64decode
from functools import cache, lru_cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from ._generated.descriptors import DESCRIPTOR_SET_BASE64


@lru_cache(maxsize=1)
def _pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    files = descriptor_pb2.FileDescriptorSet.FromString(b64decode(DESCRIPTOR_SET_BASE64))
    for file in files.file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


@cache
def message_class(name: str) -> Any:
    """The class of the message with this full name, such as vectron.v1.Point."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(name))
