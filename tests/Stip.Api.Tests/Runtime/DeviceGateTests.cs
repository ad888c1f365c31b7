using Stip.Api.Engine.Caches;
using Stip.Api.Runtime;
using Stip.Api.Tests.Hosting;

namespace Stip.Api.Tests.Runtime;

/// <summary>On a GPU any work of the process takes a recording away from the model that makes it.</summary>
public class DeviceGateTests
{
    private const int UnrecordedSteps = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void Run_WhileAnotherModelsStepIsRecorded_WaitsWithoutTouchingTheDevice()
    {
        using var model = new TinyModel();
        var memory = new HostAsDevice();
        using var device = new Device(memory);
        using var decoder = model.Load(device, CudaGraphs.None);
        using var arena = decoder.AllocateArena(1, model.Snapshot.ContextLength);
        Step(model, decoder, arena);
        var touches = memory.Touches;
        Thread step;
        using (DeviceGate.EnterAlone(device.Gate))
        {
            step = Start(() => Step(model, decoder, arena));

            Assert.True(WaitsForDevice(step));
            Assert.Equal(touches, memory.Touches);
        }

        Assert.True(step.Join(Patience));
        Assert.NotEqual(touches, memory.Touches);
    }

    [Fact]
    public void Run_ThatIsRecorded_WaitsForOtherWorkOnTheDeviceAndOthersDoNot()
    {
        using var model = new TinyModel();
        using var device = new Device(new HostAsDevice());
        using var decoder = model.Load(device, new CudaGraphs(1, static _ => true));
        using var arena = decoder.AllocateArena(1, model.Snapshot.ContextLength);
        Thread recorded;
        using (DeviceGate.Enter(device.Gate))
        {
            for (var i = 0; i < UnrecordedSteps; i++)
            {
                Assert.True(Start(() => Step(model, decoder, arena)).Join(Patience));
            }

            recorded = Start(() => Step(model, decoder, arena));
            Assert.True(WaitsForDevice(recorded));
        }

        Assert.True(recorded.Join(Patience));
        using (DeviceGate.Enter(device.Gate))
        {
            Assert.True(Start(() => Step(model, decoder, arena)).Join(Patience));
        }
    }

    private static Thread Start(Action run)
    {
        var thread = new Thread(() => run()) { IsBackground = true };
        thread.Start();
        return thread;
    }

    private static bool WaitsForDevice(Thread thread) =>
        SpinWait.SpinUntil(() => thread.ThreadState.HasFlag(ThreadState.WaitSleepJoin), Patience);

    private static void Step(TinyModel model, OrtDecoder decoder, ICacheArena arena) => decoder.Run(
        new SlotRange(arena, 0, 1), [0], Steps.Rows(0, 0, 1).Data.Span, [0],
        new byte[model.Snapshot.VocabSize * sizeof(float)]);
}
