# Says in its last line what a node lacks on this machine; ends with 0 where nothing is missing. Runs in namespaces of its own.
needs() {
    what=$1
    shift
    "$@" >/dev/null || { echo "$what"; exit 1; }
}
needs "a veth pair cannot be made (CONFIG_VETH, ip of iproute2)" ip link add probe0 type veth peer name probe1
needs "a bridge cannot be made (CONFIG_BRIDGE)" ip link add probe2 type bridge
needs "a tmpfs cannot be mounted" mount -t tmpfs tmpfs /mnt
mkdir /mnt/lower /mnt/upper /mnt/work /mnt/merged
needs "an overlay cannot be mounted (CONFIG_OVERLAY_FS)" \
    mount -t overlay -o lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/merged
needs "a table of nftables cannot be made (CONFIG_NF_TABLES)" nft add table ip probe
needs "a sysctl cannot be hidden by a file (mount --bind)" mount --bind /dev/null /proc/sys/kernel/panic
