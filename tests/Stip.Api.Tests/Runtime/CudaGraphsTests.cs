using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine.Caches;
using Stip.Api.Runtime;
using Stip.Api.Tests.Hosting;

namespace Stip.Api.Tests.Runtime;

public class CudaGraphsTests
{
    [Fact]
    public void TryRecord_WhenAllAreGiven_ReleasesTheOneUsedLongestAgo()
    {
        var released = new List<int>();
        var graphs = new CudaGraphs(2, number => Note(released, number));
        var (first, second) = (graphs.TryRecord()!, graphs.TryRecord()!);
        graphs.Use(first);

        var third = graphs.TryRecord();

        Assert.Equal([second.Number], released);
        Assert.True(second.IsReleased);
        Assert.False(first.IsReleased);
        Assert.NotNull(third);
        Assert.NotEqual(second.Number, third.Number);
    }

    [Fact]
    public void TryRecord_WhereTheRuntimeReleasesNothing_GivesNoFurtherNumbersAndAsksOnce()
    {
        var asked = 0;
        var graphs = new CudaGraphs(2, _ => asked++ < 0);
        var (first, second) = (graphs.TryRecord()!, graphs.TryRecord()!);

        Assert.Null(graphs.TryRecord());
        Assert.Null(graphs.TryRecord());
        Assert.Equal(1, asked);
        Assert.True(first.IsReleased); // its step runs unrecorded from here on
        Assert.False(second.IsReleased);
    }

    /// <summary>ONNX Runtime's CUDA provider says so and keeps them.</summary>
    [Fact]
    public void TryRecord_WhereTheRuntimeSaysItReleasesAndNoMemoryComesBack_GivesNoMoreNumbersThanRecordings()
    {
        var device = new HostAsDevice { FreeBytes = 1000 };
        var graphs = new CudaGraphs(4, _ => true, () => device.FreeBytes);
        var given = 0;
        for (var step = 0; step < 100; step++)
        {
            if (graphs.TryRecord() is { } recording)
            {
                given++;
                graphs.Release(recording); // as a step that goes with its arena
            }
        }

        Assert.Equal(4, given);
    }

    [Fact]
    public void TryRecord_WhereMemoryComesBack_GoesOn()
    {
        var device = new HostAsDevice { FreeBytes = 1000 };
        var graphs = new CudaGraphs(4, _ => (device.FreeBytes += 10) > 0, () => device.FreeBytes);
        Assert.All(Enumerable.Range(0, 100), _ => Assert.NotNull(graphs.TryRecord()));
    }

    [Fact]
    public void Release_OfAStepThatGoes_MakesRoomForAnother()
    {
        var released = new List<int>();
        var graphs = new CudaGraphs(1, number => Note(released, number));
        var first = graphs.TryRecord()!;

        graphs.Release(first);
        graphs.Release(first);

        Assert.Equal([first.Number], released);
        Assert.NotNull(graphs.TryRecord());
    }

    [Fact]
    public void Run_OfMoreRangesThanRecordings_ReleasesThemInTurnAndAnswersTheSame()
    {
        using var model = new TinyModel();
        var released = new List<int>();

        var recorded = Logits(model, new CudaGraphs(2, number => Note(released, number)));

        Assert.Equal(Logits(model, CudaGraphs.None), recorded);
        Assert.True(released.Count > 2, $"{released.Count} released");
        Assert.Equal(released.Distinct(), released);
    }

    /// <summary>The C# library has the function in its table without calling it; another version might not.</summary>
    [Fact]
    public void TryRelease_OnAProviderThatRecordsNothing_IsTakenByTheRuntime()
    {
        using var model = new TinyModel();
        using var session = new InferenceSession(model.Snapshot.GraphPath);

        Assert.True(CapturedGraphs.IsKnown);
        Assert.True(CapturedGraphs.TryRelease(session, 1));
    }

    /// <summary>A recording is made with the device alone: the next run must not make it by the way.</summary>
    [Fact]
    public void Run_WhoseInputsDoNotArrive_LetsGoOfTheRecordingThatItWasToMake()
    {
        using var model = new TinyModel();
        var (device, released) = (new HostAsDevice(), new List<int>());
        using var decoder = model.Load(device, new CudaGraphs(2, number => Note(released, number)));
        using var arena = decoder.AllocateArena(1, model.Snapshot.ContextLength);
        var logits = new byte[model.Snapshot.VocabSize * sizeof(float)];
        void Step() => decoder.Run(new SlotRange(arena, 0, 1), [0], Steps.Rows(0, 0, 1).Data.Span, [0], logits);
        for (var step = 0; step < 3; step++)
        {
            Step();
        }

        device.UploadFailure = new InvalidOperationException("the device is lost");
        Assert.Throws<InvalidOperationException>(Step);

        Assert.Equal([1], released);
    }

    private static byte[] Logits(TinyModel model, CudaGraphs graphs)
    {
        using var decoder = model.Load(new HostAsDevice(), graphs);
        using var arena = decoder.AllocateArena(4, model.Snapshot.ContextLength);
        using var answers = new MemoryStream();
        var logits = new byte[model.Snapshot.VocabSize * sizeof(float)];
        var lengths = new int[4];
        for (var turn = 0; turn < 3; turn++)
        {
            for (var slot = 0; slot < 4; slot++)
            {
                for (var step = 0; step < 5; step++)
                {
                    var rows = Steps.Rows(slot, lengths[slot], 1).Data.Span;
                    decoder.Run(new SlotRange(arena, slot, 1), [lengths[slot]++], rows, [0], logits);
                    answers.Write(logits);
                }
            }
        }

        return answers.ToArray();
    }

    private static bool Note(List<int> released, int number)
    {
        released.Add(number);
        return true;
    }
}
