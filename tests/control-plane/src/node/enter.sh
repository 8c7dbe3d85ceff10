# Runs a program in the cgroups and namespaces of a node.
#
#   sh enter.sh FOLDER ID PROGRAM [ARGUMENT...]       ID is that of the node's process 1
set -eu
folder=$1
id=$2
shift 2
for group in $(cat "$folder/cgroups"); do
    [ ! -d "$group/init" ] || group=$group/init
    echo "$$" >"$group/cgroup.procs"
done
exec nsenter --target "$id" --mount --uts --ipc --net --pid --cgroup -- "$@"
