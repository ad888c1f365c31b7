using System.Runtime.InteropServices;
using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Api.Runtime;
using Stip.Api.Tests.Hosting;

namespace Stip.Api.Tests.Runtime;

public class OrtDecoderTests
{
    private const int Slots = 4;
    private const int StepCount = 6; // more than are run before a recording
    private const int Bindings = 140;

    /// <summary>Recorded steps always get the capacity as total length. On the CPU nothing is recorded, but the
    /// numbers that go in are those of a device, and so must be the logits.</summary>
    [Fact]
    public void Run_StepsThatCouldBeRecorded_GiveTheLogitsOfThoseThatCannotBitForBit()
    {
        using var model = new TinyModel();

        Assert.Equal(Logits(model, null, CudaGraphs.None), Logits(model, null, Recording()));
    }

    [Fact]
    public void Run_InMemoryOfADevice_GivesTheLogitsOfTheHostBitForBitAndFreesAll()
    {
        using var model = new TinyModel();
        var device = new HostAsDevice();

        Assert.Equal(Logits(model, null, CudaGraphs.None), Logits(model, device, Recording()));
        Assert.Equal(0, device.Held);
    }

    [Fact]
    public void Copy_BetweenArenasOfADeviceOfOtherLengths_CarriesTheUsedTokens()
    {
        using var model = new TinyModel();
        using var decoder = model.Load(new HostAsDevice(), Recording());
        using var source = decoder.AllocateArena(2, model.Snapshot.ContextLength);
        using var target = decoder.AllocateArena(3, model.Snapshot.ContextLength / 2);
        var (row, used) = (model.Snapshot.VocabSize * sizeof(float), 5);
        var (first, second) = (new byte[row], new byte[row]);
        decoder.Run(new SlotRange(source, 1, 1), [0], Steps.Rows(1, 0, used).Data.Span, [used - 1], first);

        source.Copy(1, target, 2, used);
        decoder.Run(new SlotRange(source, 1, 1), [used], Steps.Rows(1, used, 1).Data.Span, [0], first);
        decoder.Run(new SlotRange(target, 2, 1), [used], Steps.Rows(1, used, 1).Data.Span, [0], second);

        Assert.Equal(first, second);
        source.Clear(1, used + 1);
        decoder.Run(new SlotRange(source, 1, 1), [used], Steps.Rows(1, used, 1).Data.Span, [0], second);
        Assert.NotEqual(first, second);
    }

    [Fact]
    public void Run_OnADeviceThatIsFull_LeavesNothingBehindAndGoesOnWhenThereIsRoom()
    {
        using var model = new TinyModel();
        var device = new HostAsDevice();
        using var decoder = model.Load(device, Recording());
        using var arena = decoder.AllocateArena(Slots, model.Snapshot.ContextLength);
        var (held, logits) = (device.Held, new byte[model.Snapshot.VocabSize * sizeof(float)]);
        void Step() => decoder.Run(new SlotRange(arena, 0, 1), [0], Steps.Rows(0, 0, 1).Data.Span, [0], logits);
        for (var room = 0; room < 8; room++)
        {
            device.Room = room;
            Assert.Throws<InsufficientMemoryException>(Step);
            Assert.Equal(held, device.Held);
        }

        device.Room = int.MaxValue;
        Step();
    }

    [Fact]
    public void Run_PromptsOfManyLengths_LeavesTheRecordingOfADecodeStep()
    {
        using var model = new TinyModel();
        var released = 0;
        using var decoder = model.Load((IDeviceMemory?)null, new CudaGraphs(8, _ => released++ >= 0));
        var arena = decoder.AllocateArena(Slots, model.Snapshot.ContextLength);
        var logits = new byte[model.Snapshot.VocabSize * sizeof(float)];
        for (var step = 0; step < StepCount; step++)
        {
            decoder.Run(new SlotRange(arena, 0, 1), [step], Steps.Rows(1, step, 1).Data.Span, [0], logits);
        }

        // More bindings than are kept.
        for (var i = 0; i < Bindings; i++)
        {
            var rows = 2 + i / Slots;
            decoder.Run(new SlotRange(arena, i % Slots, 1), [0], Steps.Rows(2, 0, rows).Data.Span, [0], logits);
        }

        Assert.Equal(0, released);
        arena.Dispose();
        Assert.Equal(1, released);
    }

    /// <summary>Some rows cross as a whole and others not, recorded steps among them, and nothing is left on the
    /// device.</summary>
    [Fact]
    public void Run_WithRowsReducedOnADevice_GivesOfEachWhatIsWanted()
    {
        using var model = new TinyModel();
        var (rowBytes, device) = (model.Snapshot.VocabSize * sizeof(float), new HostAsDevice());
        TopRow[] tops = [new(3, 0.5), default, new(16, 1), new(1, 2)];
        using (var plain = model.Load((IDeviceMemory?)null, Recording()))
        using (var reducing = model.LoadReducing(device, Recording()))
        using (var plainArena = plain.AllocateArena(Slots, model.Snapshot.ContextLength))
        using (var arena = reducing.AllocateArena(Slots, model.Snapshot.ContextLength))
        {
            Assert.True(reducing.ReducesRows && !plain.ReducesRows);
            var whole = new byte[Slots * rowBytes];
            var places = tops.Select(top => new byte[top.Bytes(rowBytes)].AsMemory()).ToArray();
            for (var step = 0; step < StepCount; step++)
            {
                var rows = Steps.Rows(9, step * Slots, Slots).Data.Span;
                int[] lengths = [step, step, step, step];
                plain.Run(new SlotRange(plainArena, 0, Slots), lengths, rows, [0, 1, 2, 3], whole);
                reducing.Run(
                    new SlotRange(arena, 0, Slots), lengths, rows, [0, 1, 2, 3], new LogitsTarget(places, tops));
                for (var i = 0; i < Slots; i++)
                {
                    CheckRow(whole.AsSpan(i * rowBytes, rowBytes), tops[i], places[i].Span);
                }
            }
        }

        Assert.Equal(0, device.Held);
    }

    private static void CheckRow(ReadOnlySpan<byte> whole, TopRow top, ReadOnlySpan<byte> given)
    {
        if (top.IsWhole)
        {
            Assert.Equal(whole, given);
            return;
        }

        var (indices, values) = (new int[top.K], new float[top.K]);
        LogitsRows.TopK(MemoryMarshal.Cast<byte, float>(whole), indices, values);
        Assert.Equal(indices, top.Indices(given).ToArray());
        Assert.Equal(values, top.Values(given).ToArray());
    }

    private static CudaGraphs Recording() => new(8, static _ => true);

    private static byte[] Logits(TinyModel model, IDeviceMemory? device, CudaGraphs graphs)
    {
        using var decoder = model.Load(device, graphs);
        using var arena = decoder.AllocateArena(Slots, model.Snapshot.ContextLength);
        int[] lengths = [3, 1, 5, 2];
        var row = model.Snapshot.VocabSize * sizeof(float);
        for (var slot = 0; slot < Slots; slot++)
        {
            var prompt = Steps.Rows(slot, 0, lengths[slot]).Data.Span;
            decoder.Run(new SlotRange(arena, slot, 1), [0], prompt, [lengths[slot] - 1], new byte[row]);
        }

        using var answers = new MemoryStream();
        var logits = new byte[Slots * row];
        for (var step = 0; step < StepCount; step++)
        {
            var rows = Steps.Rows(9, step * Slots, Slots).Data.Span;
            decoder.Run(new SlotRange(arena, 0, Slots), lengths, rows, [0, 1, 2, 3], logits);
            answers.Write(logits);
            lengths = [.. lengths.Select(length => length + 1)];
        }

        return answers.ToArray();
    }
}
