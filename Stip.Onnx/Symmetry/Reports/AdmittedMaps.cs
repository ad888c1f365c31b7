namespace Stip.Onnx.Symmetry.Reports;

/// <summary>Maps of a class beside its permutations. They form a lattice: what two uses admit together is what both
/// have.</summary>
[Flags]
internal enum AdmittedMaps
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>A sign for each feature.</summary>
    Signs = 1,

    /// <summary>A positive factor for each feature; its partner has the inverse.</summary>
    Scales = 2,

    /// <summary>Any orthogonal matrix.</summary>
    Orthogonal = 4,

    /// <summary>Orthogonal matrices that keep the vector of ones, hence means.</summary>
    OnesFixed = 8,

    /// <summary>A rotation of each pair of channels that turn together.</summary>
    Turns = 16,

    /// <summary>A sign for each such pair.</summary>
    PairSigns = 32,

    /// <summary>Any invertible matrix; its partner has the inverse.</summary>
    All = Signs | Scales | Orthogonal | OnesFixed | Turns | PairSigns,
}
