namespace Stip.Onnx.Symmetry.Ports;

/// <summary>Kinds of values; of several operands the later kind counts.</summary>
internal enum TraceKind
{
    /// <summary>Constants, shapes, weights of one axis.</summary>
    Constant,

    /// <summary>Places counted from 0, which nobody gave.</summary>
    Counting,

    /// <summary>Weights of two or more axes.</summary>
    Table,

    /// <summary>Numbers that the caller gave, or what is computed of them alone.</summary>
    Numbers,

    /// <summary>Rows of a table that were looked up.</summary>
    Rows,

    /// <summary>What weights made of rows, signals or hidden states.</summary>
    Features,

    /// <summary>Products of two values that are features.</summary>
    Scores,
}
