#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bareserve_fuzz::flow(data));
