#!/usr/bin/env bash
# Builds, tests and shows Microsoft.ML.MaskedDiffusion. `./build.sh help` lists the commands.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
    cat <<'END'
usage: ./build.sh COMMAND [ARGUMENTS]

  demo [ARGUMENTS]   train a masked diffusion model on real text, score, choose, infill, save and load it
                     (--text FILE or --jsonl FILE --field NAME for your own text; --help for all options)
  test [ARGUMENTS]   build everything and run all tests (arguments go to `dotnet test`, e.g. --filter Name~Bpe)
  parity             hold every figure of the reference implementation in MDM_GOLDEN against ours and print the table
  bench [ARGUMENTS]  run the benchmarks (--help lists them)
  build              build everything, warnings are errors
  pack               make the NuGet package in artifacts/packages (needs the published packages)
  format [--check]   format the code, or only check that it is formatted
  setup              install what the build needs and choose the packages, without building
  help               this text

The first command installs what is missing: with root rights or sudo, Debian's libtorch-dev, an OpenBLAS, cmake and g++.

environment:
  LIBTORCH=DIR       use this libtorch (an unpacked libtorch, or the `torch` folder of a PyTorch installation); nothing is installed then
  PACKAGES=auto      auto: each published package that the feed has and this system can load, else its stand-in; published | standins: no choice
  MDM_GOLDEN=DIR     golden figures of the reference implementation for the parity tests
END
}

say() { printf '%s\n' "build.sh: $*"; }
die() { printf '%s\n' "build.sh: error: $*" >&2; exit 1; }

# The version that the probe's restore chose, which is a later one where the feed lacks the lowest.
restored_version() { sed -n "s|^ *\"$1/\([0-9][^\"]*\)\": {.*|\1|p" artifacts/probe/obj/project.assets.json | head -n 1; }

# What TorchSharp's native library asks of the system's libraries and does not find, if anything: newer builds need a newer libstdc++.
missing_for_torchsharp() {
    local packages library
    command -v ldd >/dev/null || return 0
    packages=$(dotnet nuget locals global-packages --list | sed 's/^[^:]*: *//')
    library=$packages/torchsharp/$(restored_version TorchSharp)/runtimes/linux-$([ "$(uname -m)" = aarch64 ] && echo arm64 || echo x64)/native/libLibTorchSharp.so
    [ ! -f "$library" ] || ldd "$library" 2>&1 | sed -n "s/.*version \`\([^']*\)' not found.*/\1/p" | sort -u | paste -sd' '
}

# Writes artifacts/packages.props, which every project imports: which packages the stand-ins of standins/README.md replace.
choose_packages() {
    local choice=${PACKAGES:-auto} file=artifacts/packages.props stand_ins=false log=artifacts/probe/restore.log lacking='' needed name used=()
    mkdir -p artifacts/probe
    case $choice in
        standins) stand_ins=true ;;
        published | auto)
            if [ "$choice" = auto ] && [ -f "$file" ] && [ "$file" -nt Directory.Packages.props ]; then
                grep -q '>false<' "$file" || say "building on the stand-ins (standins/README.md) of $(stand_ins | sed 's/^true$/all published packages/; s/,/ and /g'), as chosen before (delete $file to choose again)"
                return 0
            fi
            cp standins/Probe.proj.xml artifacts/probe/Probe.csproj
            if ! dotnet restore artifacts/probe/Probe.csproj -p:UseStandIns=false >"$log" 2>&1; then
                grep -q 'NU110[123]' "$log" || { cat "$log" >&2; die "the package feed did not answer (above); put the network right, or PACKAGES=standins to build on the stand-ins"; }
                [ "$choice" = auto ] || { cat "$log" >&2; die "the package feed lacks packages (above); without PACKAGES=published stand-ins take their place"; }
                lacking=$(sed -n 's/.*Unable to find package \(Microsoft\.ML\|Microsoft\.ML\.Tokenizers\|TorchSharp\)\(\. No\| with\).*/\1/p' "$log" | sort -u | paste -sd,)
                stand_ins=$lacking
                # Where what the others need is lacking too, none of them can be used.
                if [ -z "$lacking" ] || ! dotnet restore artifacts/probe/Probe.csproj "-p:UseStandIns=\"$lacking\"" >"$log" 2>&1; then
                    lacking=Microsoft.ML,Microsoft.ML.Tokenizers,TorchSharp
                fi
                [ "$lacking" != Microsoft.ML,Microsoft.ML.Tokenizers,TorchSharp ] || stand_ins=true
                say "the package feed lacks ${lacking//,/, } or what they need: building on stand-ins there (standins/README.md)"
            fi
            case ,$lacking, in *,TorchSharp,*) ;; *)
                needed=$(missing_for_torchsharp)
                if [ -n "$needed" ] && [ "$choice" = auto ]; then
                    stand_ins=${lacking:+$lacking,}TorchSharp
                    say "TorchSharp $(restored_version TorchSharp) does not load on this system, which lacks $needed: building on its stand-in (standins/README.md)"
                elif [ -n "$needed" ]; then
                    say "TorchSharp $(restored_version TorchSharp) does not load on this system, which lacks $needed: what is built compiles, but does not compute here"
                fi ;;
            esac
            for name in Microsoft.ML Microsoft.ML.Tokenizers TorchSharp; do
                case ,$stand_ins, in ,true, | *,$name,*) ;; *) used+=("$name $(restored_version "$name")") ;; esac
            done
            [ ${#used[@]} = 0 ] || say "published packages: $(printf '%s, ' "${used[@]}" | sed 's/, $//')" ;;
        *) die "PACKAGES=$choice is not known: auto, published or standins" ;;
    esac
    printf '<Project>\n  <PropertyGroup>\n    <UseStandIns>%s</UseStandIns>\n  </PropertyGroup>\n</Project>\n' "$stand_ins" >"$file"
}

# The packages that stand-ins replace, with commas between them; true for all, false for none.
stand_ins() { sed -n 's|.*<UseStandIns>\(.*\)</UseStandIns>.*|\1|p' artifacts/packages.props; }
torchsharp_is_stand_in() { case ,$(stand_ins), in ,true, | *,TorchSharp,*) ;; *) return 1 ;; esac; }

# The stand-in of TorchSharp is compiled against a libtorch of this machine.
install_libtorch() {
    torchsharp_is_stand_in || return 0
    local missing=() root=()
    if [ -n "${LIBTORCH:-}" ]; then
        [ -e "$LIBTORCH/lib/libtorch_cpu.so" ] || die "LIBTORCH=$LIBTORCH holds no lib/libtorch_cpu.so: name an unpacked libtorch, or the torch folder of a PyTorch installation"
    else
        [ -e "/usr/include/torch/csrc/autograd/autograd.h" ] || missing+=(libtorch-dev)
        compgen -G '/usr/lib/*/openblas-openmp/libblas.so.3' >/dev/null || missing+=(libopenblas0-openmp)
    fi
    command -v cmake >/dev/null || missing+=(cmake)
    command -v g++ >/dev/null || missing+=(g++)
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || die "missing: ${missing[*]}; this is no Debian, so install them yourself, or set LIBTORCH to an unpacked libtorch"
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "missing: ${missing[*]}; run as root, install sudo, or install them yourself"
        root=(sudo)
    fi
    say "installing ${missing[*]}"
    mkdir -p artifacts
    { "${root[@]}" apt-get update && DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y --no-install-recommends "${missing[@]}"; } >artifacts/install.log 2>&1 ||
        { tail -n 20 artifacts/install.log >&2; die "installing ${missing[*]} failed (artifacts/install.log)"; }
}

setup() {
    command -v dotnet >/dev/null || die "no dotnet on PATH: install the .NET SDK that global.json names"
    choose_packages
    install_libtorch
}

build() { setup; dotnet build MLNetMdm.sln -c Release --nologo -v quiet -clp:NoSummary "$@"; }

find_golden() {
    if [ -z "${MDM_GOLDEN:-}" ] && [ -d ../shared/golden ]; then MDM_GOLDEN=$(cd ../shared/golden && pwd); export MDM_GOLDEN; fi
}

run_tests() {
    local log=artifacts/test.log status=0 passed failed skipped
    build
    find_golden
    [ -n "${MDM_GOLDEN:-}" ] || say "MDM_GOLDEN is not set: the full parity tests are skipped (the excerpts in the tests still run)"
    rm -f artifacts/parity.md
    MDM_PARITY="$PWD/artifacts/parity.md" dotnet test MLNetMdm.sln -c Release --no-build --nologo -m:1 --logger 'console;verbosity=normal' "$@" >"$log" 2>&1 || status=$?
    grep -vE '^ *Passed |^$|^Test Run |^Total tests|^ *(Passed|Failed|Skipped): |^ Total time|^VSTest|^Starting test|^A total of|^Test run for' "$log" || true
    passed=$(awk '/^ +Passed: /{n+=$2} END{print n+0}' "$log")
    failed=$(awk '/^ +Failed: /{n+=$2} END{print n+0}' "$log")
    skipped=$(awk '/^ +Skipped: /{n+=$2} END{print n+0}' "$log")
    [ "$status" = 0 ] || [ "$failed" != 0 ] || { say "dotnet test ended with status $status (artifacts/test.log)"; failed=1; }
    [ "$((passed + failed))" != 0 ] || { say "no test ran (artifacts/test.log)"; status=1; }
    [ ! -f artifacts/parity.md ] || say "parity (artifacts/parity.md): $(tail -n 1 artifacts/parity.md)"
    printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
    return "$status"
}

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
    demo) setup; dotnet build samples/DocumentationDemo -c Release --nologo -v quiet -clp:NoSummary; exec dotnet run --project samples/DocumentationDemo -c Release --no-build -- "$@" ;;
    test) run_tests "$@" ;;
    parity)
        find_golden
        [ -n "${MDM_GOLDEN:-}" ] || die "MDM_GOLDEN names no folder with the reference implementation's figures"
        status=0
        run_tests --filter FullyQualifiedName~Golden || status=$?
        if [ -f artifacts/parity.md ]; then cat artifacts/parity.md; fi
        exit "$status" ;;
    bench) setup; dotnet build benchmarks/Microsoft.ML.MaskedDiffusion.Benchmarks -c Release --nologo -v quiet -clp:NoSummary; exec dotnet run --project benchmarks/Microsoft.ML.MaskedDiffusion.Benchmarks -c Release --no-build -- "$@" ;;
    build) build "$@" ;;
    pack)
        setup
        [ "$(stand_ins)" = false ] || die "a package compiled against stand-ins would not run on the published packages: PACKAGES=published ./build.sh pack, where the feed carries them"
        dotnet pack src/Microsoft.ML.MaskedDiffusion -c Release --nologo -o artifacts/packages "$@" ;;
    format)
        setup
        if [ "${1:-}" = --check ]; then dotnet format MLNetMdm.sln --verify-no-changes; else dotnet format MLNetMdm.sln "$@"; fi ;;
    setup) setup ;;
    help | -h | --help) usage ;;
    *) usage >&2; die "unknown command '$command'" ;;
esac
