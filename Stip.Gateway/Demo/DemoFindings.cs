namespace Stip.Gateway.Demo;

/// <summary>All that the demo found out.</summary>
internal sealed record DemoFindings(
    IReadOnlyList<DemoQuestion> Questions,
    Exactness Exactness,
    string Gibberish,
    WireSample Sample,
    Throughput Throughput)
{
    /// <summary>Equal texts, logits within the tolerance, and weights that say nothing to whoever lacks the
    /// keys.</summary>
    public bool IsExact => Questions.All(question => question.IsEqual) && Exactness.IsExact
        && !Questions[0].Plain.Text.StartsWith(Gibberish, StringComparison.Ordinal);
}
