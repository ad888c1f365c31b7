namespace Stip.Onnx.Protection.Rounding;

/// <summary>A weight that is rounded while it is written: numbers, then their scales.</summary>
internal interface IRoundedWeight
{
    /// <summary>Lengths of the axes of the numbers.</summary>
    IReadOnlyList<long> NumbersShape { get; }

    /// <summary>Lengths of the axes of the scales.</summary>
    IReadOnlyList<long> ScalesShape { get; }

    /// <summary>Bytes of the numbers.</summary>
    long NumberBytes { get; }

    /// <summary>Bytes of the scales.</summary>
    long ScaleBytes { get; }

    /// <summary>Writes the numbers.</summary>
    void WriteNumbers(Stream target);

    /// <summary>Writes the scales that belong to the numbers written before.</summary>
    void WriteScales(Stream target);
}
