//! Fuzzing on stable Rust: each parser of outside text reads the seeds of `tests/fixtures/fuzz` and seeded mutations of
//! them.
//!
//! A failure prints the target, the seed and the number of the iteration, and keeps the input under `target/fuzz`: put it
//! into the target's folder of seeds to keep it as a test. `EVERGREEN_FUZZ_ITERATIONS` and `EVERGREEN_FUZZ_SEED` set the
//! length and the seed.

mod answers;
mod mutate;
mod table;
mod texts;

use std::fs;
use std::path::{Path, PathBuf};

use rand::SeedableRng;
use rand::rngs::ChaCha12Rng;

use mutate::mutate;

/// Part of every seed's secret values; must appear in no error.
const PLANTED: &str = "planted-5c1d";

/// The seeds of a target, and the mutations that a run of the test tries.
struct Corpus {
    target: &'static str,
    seeds: Vec<Vec<u8>>,
    iterations: u64,
    seed: u64,
}

impl Corpus {
    /// The seeds in `tests/fixtures/fuzz/TARGET`, in the order of their names.
    fn read(target: &'static str, iterations: u64) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fuzz").join(target);
        let mut paths: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let seeds: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
        assert!(!seeds.is_empty(), "{folder:?} has seeds");
        let variable = |name| std::env::var(name).ok().map(|value| value.parse().unwrap());
        Self {
            target,
            seeds,
            iterations: variable("EVERGREEN_FUZZ_ITERATIONS").unwrap_or(iterations),
            seed: variable("EVERGREEN_FUZZ_SEED").unwrap_or(1),
        }
    }

    /// The seeds themselves, then their mutations. Each has its own generator, so that it depends on its number alone.
    fn inputs(&self) -> impl Iterator<Item = Input<'_>> {
        let seeds = self.seeds.iter().cloned();
        let mutations = (0..self.iterations).map(|number| {
            let mut rng = ChaCha12Rng::seed_from_u64(self.seed.wrapping_mul(1_000_003).wrapping_add(number));
            mutate(&self.seeds, &mut rng)
        });
        seeds.chain(mutations).enumerate().map(|(number, bytes)| Input { corpus: self, number, bytes })
    }
}

/// One input of a target. Dropping it during a panic keeps it in a file.
struct Input<'a> {
    corpus: &'a Corpus,
    number: usize,
    bytes: Vec<u8>,
}

impl Input<'_> {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Drop for Input<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
            let path = folder.join(format!("{}-{}-{}", self.corpus.target, self.corpus.seed, self.number));
            let kept = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, &self.bytes));
            eprintln!("{}: seed {}, input {}: {path:?} {kept:?}", self.corpus.target, self.corpus.seed, self.number);
        }
    }
}
