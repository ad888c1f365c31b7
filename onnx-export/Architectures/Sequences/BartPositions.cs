namespace Stip.Export.Architectures.Sequences;

/// <summary>How BART's kin know positions.</summary>
internal enum BartPositions
{
    /// <summary>A table of the checkpoint.</summary>
    Learned,

    /// <summary>A table of the checkpoint without room for padding.</summary>
    LearnedFromZero,

    /// <summary>Waves, the first position at 0.</summary>
    Waves,

    /// <summary>Waves, the first position at 2, as fairseq computes them.</summary>
    FairseqWaves,
}
