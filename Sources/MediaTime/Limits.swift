/// The limits of an edit, each with its reason. External values are checked against them
/// before any arithmetic, so that no arithmetic traps.
///
/// This declaration has the limits of time; other modules extend it.
package enum Limits {
    /// Maximum length of a timeline, in seconds. A day is longer than any podcast or film,
    /// and short enough that frames, samples and microseconds remain far within 64 bits.
    package static let timelineSecondsMax = 86_400

    /// Maximum in-point, in seconds (about 11 days). It is larger than a timeline: a
    /// recording may run for days while the export uses a stretch of it.
    package static let trimSecondsMax = 1_000_000

    /// Maximum numerator of a frame rate, a fraction of small numbers (30000/1001). The
    /// numerator becomes the time scale of the mp4 track.
    package static let frameRateNumeratorMax = 120_000
    /// Maximum denominator of a frame rate. The NTSC rates have 1001; thousandths are
    /// rounded to fit.
    package static let frameRateDenominatorMax = 1_001
}
