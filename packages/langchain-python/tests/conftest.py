from served import server, url, wire

__all__ = ["server", "url", "wire"]
