//! Histogram of lateness: the number of runs by seconds late.

#[derive(Default)]
pub(super) struct LatencyHistogram(Vec<u64>);

impl LatencyHistogram {
    pub(super) fn record(&mut self, second: usize) {
        if self.0.len() <= second {
            self.0.resize(second + 1, 0);
        }
        self.0[second] += 1;
    }

    pub(super) fn count(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The lateness in seconds that this share of the runs does not exceed.
    pub(super) fn quantile(&self, share: f64) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let mut left = (self.count() as f64 * share).ceil() as u64;
        let reaches = |count: &u64| {
            left = left.saturating_sub(*count);
            left == 0
        };
        self.0.iter().position(reaches).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_smallest_lateness_that_covers_the_share() {
        let mut lateness = LatencyHistogram::default();
        for second in 1..=100 {
            lateness.record(second);
        }
        assert_eq!([0.5, 0.99, 1.0].map(|share| lateness.quantile(share)), [50, 99, 100]);
        assert_eq!(LatencyHistogram::default().quantile(0.5), 0);
    }
}
