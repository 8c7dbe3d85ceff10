//! Which addresses the operator connects to for a provider.
//!
//! Whoever may create a Directory chooses the name of a host, and what the name means is chosen by whoever owns the domain. A
//! name that means the metadata service of a cloud, a service of the cluster or the node itself must not turn the operator into
//! a way in. So the address that a connection is made to is judged, and not the name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use ipnet::IpNet;

/// Networks that nobody on the internet serves anything in (the special-purpose registries of RFC 6890, and multicast).
const NOT_PUBLIC: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
    "::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "fc00::/7",
    "fe80::/9",
    "ff00::/8",
];

static NETWORKS: LazyLock<Vec<IpNet>> =
    LazyLock::new(|| NOT_PUBLIC.iter().filter_map(|network| network.parse().ok()).collect());

/// Whether an address is one of the public internet. One that carries another address (IPv4 in IPv6, NAT64, 6to4) is judged by
/// that as well.
pub fn is_public(address: IpAddr) -> bool {
    let carried = match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(address) => carried(address),
    };
    let is_of_itself = |address: &IpAddr| !NETWORKS.iter().any(|network| network.contains(address));
    match carried {
        Some(carried) => is_of_itself(&IpAddr::V4(carried)),
        None => is_of_itself(&address),
    }
}

/// The IPv4 address that an IPv6 address leads to.
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [first, second, third, .., high, low] = address.segments();
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        // IPv4-mapped.
        [0, 0, 0, 0, 0, 0xffff, _, _] => Some(of(high, low)),
        // NAT64 (RFC 6052).
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => Some(of(high, low)),
        // 6to4 (RFC 3056).
        _ if first == 0x2002 => Some(of(second, third)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_network_of_the_table_can_be_read() {
        assert_eq!(NETWORKS.len(), NOT_PUBLIC.len());
    }

    #[test]
    fn threat_33_only_addresses_of_the_public_internet_count_as_public() {
        for (address, expected) in [
            ("20.190.128.1", true),
            ("172.15.255.255", true),
            ("172.32.0.0", true),
            ("2603:1026::1", true),
            ("::ffff:20.190.128.1", true),
            ("64:ff9b::14be:8001", true),
            ("2002:14be:8001::1", true),
            ("127.0.0.1", false),
            ("127.255.0.1", false),
            ("0.0.0.0", false),
            ("10.96.0.1", false),
            ("100.64.0.1", false),
            ("172.16.0.1", false),
            ("172.31.255.255", false),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("198.18.0.1", false),
            ("192.0.0.192", false),
            ("224.0.0.1", false),
            ("240.0.0.1", false),
            ("255.255.255.255", false),
            ("::", false),
            ("::1", false),
            ("::127.0.0.1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:169.254.169.254", false),
            ("64:ff9b::7f00:1", false),
            ("64:ff9b::a9fe:a9fe", false),
            ("64:ff9b:1::1", false),
            ("2002:7f00:1::1", false),
            ("2002:a9fe:a9fe::1", false),
            ("2001:0:1::1", false),
            ("fd00:ec2::254", false),
            ("fe80::1", false),
            ("fec0::1", false),
            ("ff02::1", false),
        ] {
            assert_eq!(is_public(address.parse().expect(address)), expected, "{address}");
        }
    }
}
