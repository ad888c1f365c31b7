namespace Stip.Onnx.Protection;

/// <summary>How the protected model compared with the plain one, un-permuted.</summary>
/// <param name="Samples">Random sequences that were run through both.</param>
/// <param name="MaxAbsDiff">Largest difference of a logit, or of a number of other rows of floats.</param>
/// <param name="MeanAbsDiff">Mean difference of the logits.</param>
/// <param name="Top1Agreement">Share of rows whose largest logit is at the same token, 0..1.</param>
/// <param name="Passed">True where every output agrees within its tolerance and every weight is where the keys
/// say.</param>
/// <param name="Worst">The output that differs most for its scale, or the weight that is not where it should
/// be.</param>
public sealed record VerificationReport(
    int Samples, double MaxAbsDiff, double MeanAbsDiff, double Top1Agreement, bool Passed, string Worst)
{
    /// <summary>True where rows of floats were compared: without any there are no logits to speak of.</summary>
    public bool HasLogits { get; init; } = true;

    /// <summary>What <see cref="MaxAbsDiff"/> is a difference of: <c>logit</c>, or empty where a model gives other
    /// rows of floats.</summary>
    public string Compared { get; init; } = "";

    /// <summary>How both were run: <see cref="VerificationMode.Full"/> or
    /// <see cref="VerificationMode.Blocks"/>.</summary>
    public VerificationMode Mode { get; init; } = VerificationMode.Full;

    /// <summary>Why they were run block by block, where nobody asked for it; null where nothing has to be
    /// said.</summary>
    public string? ModeReason { get; init; }

    /// <summary>Where a package that failed goes wrong: the first block and node whose values differ in whatever order;
    /// null where it passed or that cannot be told.</summary>
    public string? Fault { get; init; }

    /// <summary>What users of a package that passed cannot do, as a sentence; null where there is nothing.</summary>
    public string? Warning { get; init; }

    /// <summary>The graph and the first output of the node that <see cref="Fault"/> names.</summary>
    internal (string Part, string Output)? FaultNode { get; init; }
}
