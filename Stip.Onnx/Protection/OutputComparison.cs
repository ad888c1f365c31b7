using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Protection;

/// <summary>Collects how far outputs of two models lie apart.</summary>
/// <param name="plain">The plain model: the type that it computes in sets what counts as rounding.</param>
internal sealed class OutputComparison(PlainModel plain)
{
    // A detector finds nothing in random pixels, and is right.
    private const string WayOut = " (--verify none of protect leaves it out)";

    /// <summary>Scale of an output that is next to nothing: what is left of numbers that cancel out is rounding.
    /// </summary>
    public const double LeastScale = 1e-6;

    /// <summary>Largest difference that counts as rounding, as a share of an output's largest value (of all samples
    /// where an answer is one number): sums in another order round differently, a wrong permutation is wrong by the
    /// scale of the output itself.</summary>
    public double Tolerance => _rounds ? 5e-2 : plain.Manifest.Dtype switch
    {
        "float32" => 1e-3,
        "float16" => 3e-2,
        _ => IsWidened ? 1e-3 : 2e-1,
    };

    /// <summary>True where a model in bfloat16 is run in float32.</summary>
    public bool IsWidened { get; init; }

    /// <summary>Outputs that are places among what moves. Of those each number is right or wrong, however near: a wrong
    /// order makes nearly all of them wrong, and rounding changes a place where two values are nearly equal.</summary>
    public IReadOnlySet<string> Places { get; init; } = new HashSet<string>();

    /// <summary>True where one of the models was rounded on purpose: its outputs are reported, not judged.</summary>
    public bool IsRounded { get; init; }

    // Outputs of one number an answer: one that is near nothing in a sample and not in another is judged by what it
    // can be, by scope and name. Rows of many are judged by themselves: a filler in one would excuse all others.
    private readonly Dictionary<(string Scope, string Name), (double Largest, double Scale)> _outputs = [];
    private readonly bool _rounds = plain.Parts.Any(part => RoundedActivations.AreIn(part.Model));
    private readonly IReadOnlySet<string> _shares = ShareOutputs.Of(plain);
    private double _maxDiff;
    private double _sumDiff;
    private long _logitCount;
    private bool _givesLogits;
    private long _rows;
    private long _rowsThatAgree;
    private double _worstRatio = -1;
    private string _worst = "";

    /// <summary>True where the model rounds activations while it runs.</summary>
    public bool Rounds => _rounds;

    /// <summary>How far two answers to the same inputs lie apart, 1 where it is as much as rounding may explain.
    /// </summary>
    public double Apart(
        IReadOnlyList<(string Name, HostTensor Tensor)> one, IReadOnlyList<(string Name, HostTensor Tensor)> another)
    {
        var alone = new OutputComparison(plain) { IsWidened = IsWidened, Places = Places };
        alone.AddAll(one, another);
        foreach (var ((_, name), (largest, scale)) in alone._outputs)
        {
            alone.JudgeBySize(name, largest, scale);
        }

        return alone._worstRatio / Tolerance;
    }

    /// <summary>Fails the comparison for a reason that no output gives.</summary>
    public void Fail(string reason) => Judge(double.PositiveInfinity, reason);

    // Whether a number of an output was ever compared: what is no number or infinite on both sides is equal, and tells
    // nothing of a model that gives nothing else.
    private readonly Dictionary<string, bool> _hasNumbers = new(StringComparer.Ordinal);

    /// <summary>Adds every output of a run; floats that are no cache count row by row, like logits.</summary>
    /// <param name="plain">What the plain model gives.</param>
    /// <param name="restored">What the other one gives.</param>
    /// <param name="scope">Of which graph: answers of one number under one name are judged together.</param>
    public void AddAll(
        IReadOnlyList<(string Name, HostTensor Tensor)> plain,
        IReadOnlyList<(string Name, HostTensor Tensor)> restored,
        string scope = "")
    {
        if (!plain.Select(output => output.Name).SequenceEqual(restored.Select(output => output.Name)))
        {
            (_worst, _worstRatio) = ("outputs differ in name or number", double.PositiveInfinity);
            return;
        }

        foreach (var ((name, left), (_, right)) in plain.Zip(restored))
        {
            var (mine, other) = (Values(left), Values(right));
            var together = left.Shape.Count <= 1 || left.Shape[^1] == 1 ? scope : null;
            if (mine.Length != other.Length)
            {
                (_worst, _worstRatio) = ($"output '{name}' has another shape", double.PositiveInfinity);
            }
            else if (left.Dtype == TensorDtype.Int64 || Places.Contains(name))
            {
                AddPlaces(name, left.ToIntegers(), right.ToIntegers());
            }
            else if (left.Dtype.IsWireFloat() && left.Shape.Count > 0 && left.Shape[^1] > 0
                && !name.StartsWith("present", StringComparison.Ordinal))
            {
                AddLogits(name, mine, other, checked((int)left.Shape[^1]), together);
            }
            else
            {
                Add(name, mine, other, together);
            }
        }
    }

    public void AddLogits(
        string name, ReadOnlySpan<float> plain, ReadOnlySpan<float> restored, int vocabSize, string? together = null)
    {
        Add(name, plain, restored, together);
        _givesLogits |= name.Contains("logits", StringComparison.OrdinalIgnoreCase);
        for (var start = 0; start < plain.Length; start += vocabSize)
        {
            var (a, b) = (TensorPrimitives.IndexOfMax(plain.Slice(start, vocabSize)),
                TensorPrimitives.IndexOfMax(restored.Slice(start, vocabSize)));
            _rows++;
            _rowsThatAgree += a == b ? 1 : 0;
        }

        for (var i = 0; i < plain.Length; i++)
        {
            var difference = Distance(plain[i], restored[i]);
            _sumDiff += difference;
            _maxDiff = Math.Max(_maxDiff, difference);
        }

        _logitCount += plain.Length;
    }

    public void Add(string name, ReadOnlySpan<float> plain, ReadOnlySpan<float> restored, string? together = null)
    {
        var sizes = new OutputSizes();
        for (var i = 0; i < plain.Length; i++)
        {
            sizes.Add(plain[i], Distance(plain[i], restored[i]));
        }

        var least = _shares.Contains(name) ? Math.Max(LeastScale, ShareOutputs.Rounding / Tolerance) : LeastScale;
        Note(name, plain.Length, sizes.HasNumbers);
        if (together is not null)
        {
            var (largest, scale) = _outputs.GetValueOrDefault((together, name), (0, least));
            var (off, size) = sizes.All;
            _outputs[(together, name)] = (Math.Max(largest, off), Math.Max(scale, size));
        }
        else
        {
            foreach (var (largest, scale) in sizes.Apart())
            {
                JudgeBySize(name, largest, Math.Max(scale, least));
            }
        }
    }

    private void AddPlaces(string name, ReadOnlySpan<long> plain, ReadOnlySpan<long> restored)
    {
        Note(name, plain.Length, hasNumbers: true);
        var wrong = 0;
        for (var i = 0; i < plain.Length; i++)
        {
            wrong += plain[i] == restored[i] ? 0 : 1;
        }

        Judge(
            (double)wrong / Math.Max(1, plain.Length),
            $"output '{name}' differs in {wrong} of {plain.Length} whole numbers");
    }

    // An output may be empty in every sample (boxes, where none is found), as long as another one is not.
    private void Note(string name, int count, bool hasNumbers)
    {
        if (count > 0)
        {
            _hasNumbers[name] = hasNumbers || _hasNumbers.GetValueOrDefault(name);
        }
    }

    private string? Uncompared() =>
        _hasNumbers.Count == 0 ? $"every output is empty, so that nothing was compared{WayOut}"
        : _hasNumbers.Where(output => !output.Value).Select(output => output.Key).FirstOrDefault() is { } name
        ? $"output '{name}' of the plain model has no finite number in any sample, so that nothing of it was compared"
            + WayOut
        : null;

    private void JudgeBySize(string name, double largest, double scale) => Judge(
        largest / scale, string.Create(CultureInfo.InvariantCulture, $"output '{name}' is off by {largest:G3}"));

    private void Judge(double ratio, string what)
    {
        if (ratio > _worstRatio)
        {
            (_worst, _worstRatio) = (what, ratio);
        }
    }

    // What is infinite or no number on both sides is equal: rows that a mask leaves nothing of.
    private static double Distance(float plain, float restored)
    {
        var difference = plain.Equals(restored) ? 0 : Math.Abs((double)plain - restored);
        return double.IsNaN(difference) ? double.PositiveInfinity : difference;
    }

    private static float[] Values(HostTensor tensor) => tensor.Dtype switch
    {
        TensorDtype.Float64 => [.. MemoryMarshal.Cast<byte, double>(tensor.Bytes).ToArray().Select(v => (float)v)],
        TensorDtype.Int64 or TensorDtype.Int32 or TensorDtype.Int16 or TensorDtype.Int8 =>
            [.. tensor.ToIntegers().Select(value => (float)value)],
        _ when tensor.Dtype.IsWireFloat() => tensor.ToFloats(),
        _ => [.. tensor.Bytes.Select(value => (float)value)],
    };

    /// <param name="samples">How many were run.</param>
    /// <param name="misplaced">What is not where the keys say, as a sentence; null where all is.</param>
    public VerificationReport Report(int samples, string? misplaced)
    {
        foreach (var ((_, name), (largest, scale)) in _outputs)
        {
            JudgeBySize(name, largest, scale);
        }

        var isAlike = _worstRatio >= 0 && _worstRatio <= (IsRounded ? double.MaxValue : Tolerance);
        var uncompared = isAlike ? Uncompared() : null;
        return new VerificationReport(
            samples,
            _maxDiff,
            _logitCount == 0 ? 0 : _sumDiff / _logitCount,
            _rows == 0 ? 0 : (double)_rowsThatAgree / _rows,
            misplaced is null && isAlike && uncompared is null,
            misplaced ?? uncompared ?? _worst)
        {
            HasLogits = _rows > 0,
            Compared = _givesLogits ? "logit" : "",
        };
    }
}
