#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| soliplex_fuzz::checks::record(data));
