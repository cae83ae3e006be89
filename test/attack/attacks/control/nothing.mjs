/** No attack: what the figures are like without one. */
export default {
  sends: 'nothing',
  mustNot: 'be seen',
  seconds: 3,
  alone: true,
  async run(context) {
    await context.hold();
    context.sent = 1;
  },
};
