namespace Stip.Onnx.Symmetry.Ports;

/// <summary>What was seen of an input on the way through a graph.</summary>
[Flags]
internal enum PortMarks
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Its rows of a table are added up, projected, or multiply features as gates do.</summary>
    Added = 1,

    /// <summary>It becomes an angle, or an operator takes its rows for cosines: rotary positions.</summary>
    Turns = 2,

    /// <summary>It is compared with counted places, or taken from them.</summary>
    Ordered = 4,

    /// <summary>It tells which features or scores count.</summary>
    Weighs = 8,

    /// <summary>It meets scores.</summary>
    Scored = 16,

    /// <summary>It picks rows among those of the text.</summary>
    Picks = 32,

    /// <summary>It looks up rows of a table, as it is.</summary>
    Indexes = 64,

    /// <summary>It is added to scores of which shares are made then: what is added to other products may be a
    /// state.</summary>
    Biases = 128,
}
