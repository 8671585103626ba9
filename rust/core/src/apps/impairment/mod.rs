//! What a bad link does to packets: one file per effect, none of which knows of a packet's bytes.
