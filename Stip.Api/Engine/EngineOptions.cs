using System.ComponentModel.DataAnnotations;

namespace Stip.Api.Engine;

/// <summary><c>Stip:Api:Engine</c>.</summary>
internal sealed class EngineOptions
{
    public const string Section = "Stip:Api:Engine";

    /// <summary>Sessions that one model holds at once.</summary>
    [Range(1, 100_000)]
    public int Slots { get; set; } = 256;

    /// <summary>Longest session in tokens; 0 means each model's own context length.</summary>
    [Range(0, 100_000_000)]
    public int MaxLength { get; set; }

    /// <summary>Memory of all caches together; 0 means half of what the process may use.</summary>
    [Range(0, 100_000_000)]
    public int CacheMegabytes { get; set; }

    /// <summary>Tokens that caches bounded by a window hold beside it on the host: as many can be rewound at most, and
    /// more of them cost memory. 0 means a quarter of the window, at least 16.</summary>
    [Range(0, 100_000_000)]
    public int SpareTokens { get; set; }

    /// <summary>Idle seconds after which a session is released.</summary>
    [Range(1, 86_400)]
    public int LeaseSeconds { get; set; } = 600;

    /// <summary>Idle seconds after which a session of the key that holds most of a model makes room for a key that
    /// holds less, where there is no other room; 0 means never.</summary>
    [Range(0, 86_400)]
    public int YieldSeconds { get; set; } = 5;

    /// <summary>Steps that may wait for one model.</summary>
    [Range(1, 1_000_000)]
    public int QueueLength { get; set; } = 1024;

    /// <summary>Most sessions whose rows run together.</summary>
    [Range(1, 4096)]
    public int MaxBatch { get; set; } = 64;

    /// <summary>Rows of a longer step that run at once; others take their turn between two chunks. 0 means 128 on the
    /// host, from the 512th token of a session on 64, pieces of 32 of them while others decode, and 512 on a device.
    /// </summary>
    [Range(0, 1_000_000)]
    public int PrefillChunk { get; set; }

    /// <summary>Longest wait for the next session of the last batch to come back, where several are active. All of
    /// them together are waited for no longer than that batch ran.</summary>
    [Range(0, 1000)]
    public int GatherMs { get; set; } = 2;

    /// <summary>Largest logits of one answer, and outputs of one pass of a graph without a cache.</summary>
    [Range(1, 2047)]
    public int MaxAnswerMegabytes { get; set; } = 256;

    /// <summary>Memory that one pass of a graph without a cache may take while it runs, as estimated from its lengths;
    /// 0 means a quarter of what the process may use.</summary>
    [Range(0, 100_000_000)]
    public int ForwardMegabytes { get; set; }

    /// <summary>Threads inside one operator; 0 means one for each core.</summary>
    [Range(0, 1024)]
    public int IntraOpThreads { get; set; }

    /// <summary>Microseconds for which idle operator threads spin before they sleep.</summary>
    [Range(0, 100_000)]
    public int SpinMicroseconds { get; set; } = 1000;

    /// <summary>Decode steps of one model that are recorded as CUDA graphs on a device at once; the one used longest
    /// ago makes room for another. 0 records none.</summary>
    [Range(0, 1024)]
    public int CudaGraphs { get; set; } = 128;

    /// <summary>Memory of the loaded models' files; 0 means no limit. What was used longest ago makes room.</summary>
    [Range(0, 100_000_000)]
    public int ModelMegabytes { get; set; }

    /// <summary>Seconds without use after which a model is unloaded; 0 means never.</summary>
    [Range(0, 31_536_000)]
    public int UnloadSeconds { get; set; }

    /// <summary>Longest wait of a request for its model to be loaded.</summary>
    [Range(1, 3600)]
    public int LoadWaitSeconds { get; set; } = 60;

    /// <summary>Longest time for which a replaced model goes on serving the sessions that it has.</summary>
    [Range(0, 31_536_000)]
    public int EpochSeconds { get; set; } = 3600;

    /// <summary>True loads every model at the start; else each at its first use.</summary>
    public bool Preload { get; set; }

    /// <summary>The longest session of a model of this context length.</summary>
    internal int LongestSession(int contextLength) =>
        MaxLength == 0 ? contextLength : Math.Min(MaxLength, contextLength);

    /// <summary><see cref="YieldSeconds"/>, for ever where it is 0.</summary>
    internal TimeSpan YieldAfter => YieldSeconds == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(YieldSeconds);

    /// <summary><see cref="SpareTokens"/>, null where it is not given.</summary>
    internal int? Spare => SpareTokens == 0 ? null : SpareTokens;
}
