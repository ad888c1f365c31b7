namespace Stip.Export.Blocks.Attention;

/// <summary>Over which channels queries and keys are normalised.</summary>
internal enum HeadNormScope
{
    /// <summary>Each head by itself, all heads with the same factors <c>[head_dim]</c>.</summary>
    EachHead,

    /// <summary>Each head by itself, with factors of its own <c>[heads, head_dim]</c>.</summary>
    EachHeadWithItsOwnFactors,

    /// <summary>All channels of all heads at once, factors <c>[heads·head_dim]</c>.</summary>
    AllHeads,
}
