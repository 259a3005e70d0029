# Sourced. apt_install NAME…: install Debian packages, or say plainly what a person has to install.
apt_install() {
  local sudo=()
  if ! command -v apt-get >/dev/null; then
    echo "Missing: $*. This machine has no apt-get; please install these by its own means." >&2
    return 1
  fi
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
      echo "Missing: $*. Please run once: sudo apt-get install $*" >&2
      return 1
    fi
    sudo=(sudo)
  fi
  echo "Installing with apt-get: $* …"
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}
