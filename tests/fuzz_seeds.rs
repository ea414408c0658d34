//! The checks of the fuzz targets, over their seeds: what once failed is among
//! them. `fuzz/run` looks for new ones.

use std::fs;
use std::path::Path;

#[allow(unreachable_pub, reason = "public in the crate of the fuzz targets")]
#[path = "../fuzz/src/checks/mod.rs"]
mod checks;

#[test]
fn what_holds_for_any_bytes_holds_for_the_seeds() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    for (name, check) in checks::ALL {
        let mut count = 0;
        for entry in fs::read_dir(seeds.join(name)).expect("a folder of seeds") {
            let path = entry.expect("an entry").path();
            let data = fs::read(&path).expect("a seed");
            std::panic::catch_unwind(|| check(&data))
                .unwrap_or_else(|_| panic!("{} breaks {name}", path.display()));
            count += 1;
        }
        assert!(count > 0, "{name} has no seeds");
    }
}
