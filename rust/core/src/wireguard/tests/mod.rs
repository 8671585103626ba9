//! Devices that talk to each other in virtual time.
mod life;
mod load;
mod networks;
mod packets;
mod rig;
mod security;
mod side_by_side;
