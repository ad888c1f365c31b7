namespace Stip.Onnx.Protection;

/// <summary>
/// What a plain model answers while a package is compared with it. The inputs of a verification are the same every
/// time, so where several packages of one model are verified, the model is loaded and run for the first, and its
/// answers serve the others.
/// </summary>
/// <param name="keepsAll">False where one package is verified: nothing is kept.</param>
internal sealed class PlainAnswers(bool keepsAll)
{
    private readonly List<object?> _kept = [];
    private int _next;

    /// <summary>True while the plain model itself is run.</summary>
    public bool Runs { get; private set; } = true;

    /// <summary>The next answer.</summary>
    /// <param name="run">Runs the plain model.</param>
    public T Of<T>(Func<T> run)
    {
        if (!Runs)
        {
            return (T)_kept[_next++]!;
        }

        var answer = run();
        if (keepsAll)
        {
            _kept.Add(answer);
        }

        return answer;
    }

    /// <summary>Begins a verification.</summary>
    public void Begin() => (_next, Runs) = (0, Runs || !keepsAll);

    /// <summary>Says that a verification came to its end, so that all its answers are there.</summary>
    public void End() => Runs = !keepsAll;
}
