//! Wire forms of the model APIs: bytes in, values out.
