# Begins a node: cgroups of its own below those of this shell, then namespaces of its own in which inner.sh is process 1.
#
#   sh outer.sh FOLDER NAME       FOLDER is the node's; NAME is that of its cgroups
#
# The list of the cgroups is left in FOLDER/cgroups. They go when the node has ended, however it does.
set -eu
folder=$1
name=$2

groups=
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    # Version 2. Below a cgroup with processes in it no controller can be switched on, and only the root is exempt from that
    # rule: so the node stands below the root, and its own processes stand in a leaf.
    for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
        echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control ||
            echo "cgroup v2: the root does not give $controller to its children; run this in a cgroup namespace of its own"
    done
    groups=/sys/fs/cgroup/$name
    mkdir "$groups" "$groups/init"
else
    # Version 1: one hierarchy for each line with a controller or a name; what has neither is version 2 of a hybrid.
    while IFS=: read -r _ controllers path; do
        [ -n "$controllers" ] || continue
        mount=/sys/fs/cgroup/${controllers#name=}
        # In a container the path may be the host's, and the container's own cgroup is what is mounted.
        [ -d "$mount$path" ] || path=/
        group=$mount${path%/}/$name
        mkdir "$group"
        groups="$groups $group"
        case ,$controllers, in *,cpuset,*)
            for file in cpuset.cpus cpuset.mems; do
                cat "$mount$path/$file" >"$group/$file"
            done
            ;;
        esac
    done </proc/self/cgroup
fi
echo "$groups" >"$folder/cgroups"

# `exec` keeps the process id, so this shell's is that of unshare. Only an empty cgroup can be removed.
(
    while kill -0 "$$"; do sleep 0.2; done
    attempts=100
    for group in $groups; do
        until find "$group" -depth -type d -exec rmdir {} + || [ ! -d "$group" ] || [ "$attempts" -eq 0 ]; do
            attempts=$((attempts - 1))
            sleep 0.1
        done
    done
) </dev/null >/dev/null 2>&1 &

for group in $groups; do
    echo "$$" >"$group/cgroup.procs"
done
# The cgroup namespace first, as its roots are where this process stands at that moment; then version 2 wants the roots empty.
exec unshare --cgroup /bin/sh -c '
    [ ! -d "$3/init" ] || echo "$$" >"$3/init/cgroup.procs"
    exec unshare --mount --net --pid --uts --ipc --fork --kill-child --mount-proc /bin/sh "$1" "$2"
' outer "$(dirname "$0")/inner.sh" "$folder" "${groups# }"
