//! Links the stack unwinder into the program.

/// On Linux with glibc the standard library names `libgcc_s.so`, which costs
/// every start of the program 0.11 ms of 1.5 ms (loading, relocating, and a
/// constructor that asks the processor for its features). The same code is in
/// every gcc's `libgcc_eh.a`; named first, it leaves nothing for the shared
/// library to provide, and the linker drops that.
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |part: &str| std::env::var(format!("CARGO_CFG_TARGET_{part}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}
