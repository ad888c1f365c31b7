namespace Stip.Onnx.Symmetry.Ports;

/// <summary>What a value is where a cell of a mask is 0, where it is 1 and where it is the lowest number.</summary>
/// <param name="Zero">For 0.</param>
/// <param name="One">For 1.</param>
/// <param name="Lowest">For the lowest number.</param>
/// <param name="IsOfMask">False for a constant, which is the same for all three.</param>
internal readonly record struct MaskReading(double Zero, double One, double Lowest, bool IsOfMask)
{
    // Shares of what is so low are nothing.
    private const double Low = -100;
    private const double Lowest32 = float.MinValue;

    /// <summary>A mask itself.</summary>
    public static MaskReading Mask { get; } = new(0, 1, Lowest32, IsOfMask: true);

    public static MaskReading Constant(double number) => new(number, number, number, IsOfMask: false);

    /// <summary>True where scores keep their size with a 0.</summary>
    public bool ShowsZero => Shows(Zero);

    /// <summary>True where scores keep their size with a 1.</summary>
    public bool ShowsOne => Shows(One);

    /// <summary>True where nothing is left of scores with a 0.</summary>
    public bool HidesZero => Zero < Low;

    /// <summary>True where nothing is left of scores with a 1.</summary>
    public bool HidesOne => One < Low;

    /// <summary>True where nothing is left of scores with the lowest number.</summary>
    public bool HidesLowest => Lowest < Low;

    /// <summary>True for numbers that say yes or no, and are not added.</summary>
    /// <param name="isFloat">True where the mask is of floats.</param>
    public bool AreSwitches(bool isFloat) => Zero is 0 or 1 && One is 0 or 1 && (!isFloat || Lowest is 0 or 1);

    public MaskReading With(Func<double, double> function) => this with
    {
        Zero = function(Zero),
        One = function(One),
        Lowest = function(Lowest),
    };

    public MaskReading With(MaskReading other, Func<double, double, double> function) => new(
        function(Zero, other.Zero), function(One, other.One), function(Lowest, other.Lowest),
        IsOfMask || other.IsOfMask);

    private static bool Shows(double bias) => Math.Abs(bias) < -Low / 2;
}
