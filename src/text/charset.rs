//! Character sets: bytes of any charset to UTF-8.
