namespace Stip.Client.Encoders;

/// <summary>Which answers are looked for. The defaults are those of transformers' pipeline.</summary>
public sealed record AnswerSearch
{
    /// <summary>How many to give, from 1; equal ones count once, with the sum of their scores.</summary>
    public int TopK { get; init; } = 1;

    /// <summary>Most tokens of one, from 1.</summary>
    public int MaxAnswerLength { get; init; } = 15;

    /// <summary>Whether "the text has no answer" is one (models of SQuAD 2).</summary>
    public bool AllowsNone { get; init; }
}
