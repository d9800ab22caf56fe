//! Networks in CIDR notation, and whether two of them overlap.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A network; the address has no bits set below the prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// Why a text is not a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// Not `address/prefix`.
    #[error("not a network in CIDR notation")]
    Form,
    /// Bits are set below the prefix; the network that was probably meant is attached.
    #[error("bits are set below the prefix; the network is `{0}`")]
    HostBits(Network),
}

impl Network {
    /// The first address.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// The length of the prefix in bits.
    #[must_use]
    pub const fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Whether the address lies in the network. IPv4 and IPv6 never contain each other.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(net), IpAddr::V4(a)) => {
                mask(net.to_bits().into(), self.prefix, 32) == mask(a.to_bits().into(), self.prefix, 32)
            }
            (IpAddr::V6(net), IpAddr::V6(a)) => {
                mask(net.to_bits(), self.prefix, 128) == mask(a.to_bits(), self.prefix, 128)
            }
            _ => false,
        }
    }

    /// Whether any address lies in both.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.contains(other.address) || other.contains(self.address)
    }
}

/// The upper `prefix` bits of a `width`-bit value.
fn mask(bits: u128, prefix: u8, width: u8) -> u128 {
    bits.checked_shr(u32::from(width.saturating_sub(prefix))).unwrap_or(0)
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = text.split_once('/').ok_or(NetworkError::Form)?;
        if prefix.is_empty()
            || !prefix.bytes().all(|b| b.is_ascii_digit())
            || (prefix.len() > 1 && prefix.starts_with('0'))
        {
            return Err(NetworkError::Form);
        }
        let prefix: u8 = prefix.parse().map_err(|_| NetworkError::Form)?;
        let address: IpAddr = address.parse().map_err(|_| NetworkError::Form)?;
        let (bits, width) = match address {
            IpAddr::V4(a) => (u128::from(a.to_bits()), 32),
            IpAddr::V6(a) => (a.to_bits(), 128),
        };
        if prefix > width {
            return Err(NetworkError::Form);
        }
        let first =
            mask(bits, prefix, width).checked_shl(u32::from(width.saturating_sub(prefix))).unwrap_or(0);
        let first_address = match address {
            IpAddr::V4(_) => {
                u32::try_from(first).map(|b| IpAddr::V4(b.into())).map_err(|_| NetworkError::Form)?
            }
            IpAddr::V6(_) => IpAddr::V6(first.into()),
        };
        let network = Self { address: first_address, prefix };
        if first == bits { Ok(network) } else { Err(NetworkError::HostBits(network)) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
