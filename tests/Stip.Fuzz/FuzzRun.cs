using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Stip.Fuzz;

/// <summary>Feeds a target with damaged inputs; the same seed gives the same inputs.</summary>
/// <remarks>An input that is refused with words that were not heard before joins the corpus: a poor man's coverage,
/// which needs no instrumented build.</remarks>
internal sealed partial class FuzzRun
{
    private const int MostCorpus = 2000;
    private const long MostBytesAnInput = 512L << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly FuzzTarget _target;
    private readonly Random _random;
    private readonly Mutator _mutator;
    private readonly List<byte[]> _corpus;
    private readonly HashSet<string> _heard = new(StringComparer.Ordinal);

    public FuzzRun(FuzzTarget target, int seed)
    {
        _target = target;
#pragma warning disable CA5394 // inputs are no secrets, and the same seed must give them again
        _random = new Random(seed);
#pragma warning restore CA5394
        _mutator = new Mutator(_random);
        _corpus = [.. target.Seeds];
    }

    /// <summary>The input under way, for whoever watches the time.</summary>
    public byte[]? Current { get; private set; }

    /// <summary>Inputs so far.</summary>
    public int Inputs { get; private set; }

    /// <summary>Kinds of refusals so far.</summary>
    public int Kinds => _heard.Count;

    /// <summary>Damages and reads until there are so many inputs, or the time is over.</summary>
    /// <exception cref="FuzzFindingException">A parser failed instead of refusing.</exception>
    public void Go(int mostInputs, TimeSpan mostTime)
    {
        foreach (var seed in _target.Seeds)
        {
            Try(seed);
        }

        var started = Stopwatch.StartNew();
        while (Inputs < mostInputs && started.Elapsed < mostTime)
        {
            Try(_mutator.Damage(_corpus[_random.Next(_corpus.Count)], _corpus[_random.Next(_corpus.Count)]));
        }
    }

    private void Try(byte[] input)
    {
        Current = input;
        Inputs++;
        var before = GC.GetAllocatedBytesForCurrentThread();
        // Work, not time: the machine may have stopped in between.
        var started = Environment.CpuUsage.TotalTime;
        Exception? refusal;
        try
        {
            refusal = _target.Refuse(input);
        }
#pragma warning disable CA1031 // That is what is looked for.
        catch (Exception e)
#pragma warning restore CA1031
        {
            throw new FuzzFindingException(_target.Name, input, e);
        }

        var (bytes, time) = (GC.GetAllocatedBytesForCurrentThread() - before, Environment.CpuUsage.TotalTime - started);
        if (bytes > MostBytesAnInput || time > Patience)
        {
            throw new FuzzFindingException(
                _target.Name, input, new InvalidOperationException($"took {bytes >> 20} MiB and {time}"));
        }

        if (_heard.Add(Kind(refusal)) && _corpus.Count < MostCorpus)
        {
            _corpus.Add(input);
        }
    }

    // The words of a refusal without what it quotes.
    private static string Kind(Exception? refusal) =>
        refusal is null ? "" : $"{refusal.GetType().Name} {Quoted().Replace(refusal.Message, "")}";

    [GeneratedRegex("""['"].*['"]|[0-9]+|\[.*\]""", RegexOptions.Singleline)]
    private static partial Regex Quoted();
}
