//! Small histograms and sparklines.

/// Counts as one line of bars; a count of nothing is a space.
pub(super) fn bars(counts: &[u64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    counts
        .iter()
        .map(|count| match count {
            0 => ' ',
            count => BARS[((count * 8).div_ceil(most) as usize).clamp(1, 8) - 1],
        })
        .collect::<String>()
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_show_what_is_there_and_how_much() {
        assert_eq!(bars(&[8, 4, 0, 1, 0]), "█▄ ▁");
        assert_eq!(bars(&[]), "");
        assert_eq!(bars(&[u64::from(u32::MAX), 1]), "█▁");
    }
}
