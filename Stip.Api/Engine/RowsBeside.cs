namespace Stip.Api.Engine;

/// <summary>How what a graph gives for a row depends on the rows that run beside it.</summary>
internal enum RowsBeside
{
    /// <summary>Not at all, where two or more run.</summary>
    Apart,

    /// <summary>In its last bits: rows that go to one expert are multiplied together, by a kernel for so many.
    /// </summary>
    RoundedTogether,

    /// <summary>Something is rounded or reduced over all rows.</summary>
    Mixed,
}
