//! Devices that talk to each other in virtual time.
mod life;
mod load;
mod rig;
mod security;
