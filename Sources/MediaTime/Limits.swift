/// The ceilings of an edit, each with its reason. What comes from outside is
/// held against these before any arithmetic, so that none of it can trap.
///
/// Those of time are here; each room adds its own.
package enum Limits {
    /// A day: longer than any podcast or film, and short enough that frames,
    /// samples and microseconds stay far inside 64 bits.
    package static let timelineSecondsMax = 86_400

    /// In-points reach further than a timeline: a recording may run for days
    /// while the export uses a stretch of it (about 11 days, in seconds).
    package static let trimSecondsMax = 1_000_000

    /// A frame rate is a fraction of small numbers (30000/1001). The numerator
    /// becomes the time scale of the mp4 track.
    package static let frameRateNumeratorMax = 120_000
    /// The NTSC rates have 1001; thousandths are rounded to what fits.
    package static let frameRateDenominatorMax = 1_001
}
